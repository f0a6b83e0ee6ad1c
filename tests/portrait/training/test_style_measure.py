"""The painter's metrics on images for which the right value is known."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from django.core.management import CommandError, call_command
from PIL import Image

from portrait.engine.pipeline import Engine
from portrait.engine.request import ORDERS, PAINT_AND_CARRY
from portrait.training.style.evaluation import UNPAINTED, grain
from portrait.training.style.flicker import background_flicker, flicker, least_sharpness
from tests.paths import DATA
from tests.portrait.training.drawn_vgg import write_vgg

OWN = DATA / "painter" / "painter.safetensors"


def moving_clip(speed: int) -> tuple[np.ndarray, np.ndarray]:
    """An image that moves ``speed`` pixels to the left each frame, and the displacement back to it."""
    wide = np.ascontiguousarray(skimage.data.astronaut()[100:164, 150:230])
    frames = np.stack([wide[:, speed * t : speed * t + 64] for t in range(4)])
    flow = np.zeros((4, 64, 64, 2), np.float32)
    flow[..., 0] = speed * np.arange(4, dtype=np.float32)[:, None, None] / 64
    return frames, flow


def test_a_picture_that_only_moves_does_not_flicker() -> None:
    frames, flow = moving_clip(speed=2)
    assert flicker(frames, flow) < 0.1
    still = np.zeros_like(flow)
    assert flicker(frames, still) > 5  # with the flow of a static clip the motion counts as change


def test_noise_on_each_frame_is_flicker_of_its_size() -> None:
    frames, flow = moving_clip(speed=2)
    noise = np.random.default_rng(0).integers(0, 2, frames.shape) * 20
    noisy = (frames // 2 + 40 + noise).astype(np.uint8)
    # Two independent values of 0 or 20 differ by 10 on average.
    assert flicker(noisy, flow) == pytest.approx(10, abs=1)


def test_only_the_person_counts_for_flicker_and_only_the_rest_for_the_background() -> None:
    frames, flow = moving_clip(speed=0)
    person = np.zeros(frames.shape[:3], np.uint8)
    person[:, :, :32] = 255
    noisy = frames.copy()
    noisy[1::2, :, 32:] //= 2
    assert flicker(noisy, flow, person) < 0.1 < 5 < flicker(noisy, flow)
    assert background_flicker(noisy, person) > 5 > 0 == background_flicker(frames, person)
    assert background_flicker(noisy, np.full_like(person, 255)) == 0


def test_the_least_sharp_frame_counts() -> None:
    frames, _flow = moving_clip(speed=0)
    blurred = frames.copy()
    blurred[2] = cv2.GaussianBlur(frames[2], (0, 0), 2)
    assert least_sharpness(frames, frames[0]) == 1 > 0.3 > least_sharpness(blurred, frames[0])


def test_a_pattern_that_repeats_every_fourth_pixel_is_grain() -> None:
    noise = np.random.default_rng(0).normal(128, 20, (4, 64, 64, 3))
    columns = 10.0 * (np.arange(64) % 4 == 0)
    assert grain(noise.clip(0, 255).astype(np.uint8)) < 2
    assert grain((noise + columns[:, None]).clip(0, 255).astype(np.uint8)) > 5


def test_the_command_measures_all_orders(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first frames of the motion are enough for numbers.
    whole = Engine.motion
    monkeypatch.setattr(Engine, "motion", lambda *arguments: whole(*arguments).only(range(12)))
    content, styles = tmp_path / "content", tmp_path / "styles"
    content.mkdir()
    styles.mkdir()
    for name in ("a", "b"):
        Image.fromarray(skimage.data.astronaut()[:256, 90:346]).save(content / f"{name}.png")
    Image.fromarray(skimage.data.astronaut()[300:, 300:]).save(styles / "two.png")
    report = tmp_path / "report" / "numbers.json"
    given = ["--content", str(content), "--styles", str(styles), "--against", str(OWN), "--only", "two"]
    given += ["--perceptual", str(write_vgg(tmp_path / "vgg.safetensors"))]
    given += ["--photos", "1", "--portraits", "1", "--size", "256", "--output", str(report)]
    with pytest.raises(CommandError, match="knows none of two"):
        call_command("measure_styles", *given)  # the shipped painter does not

    given += ["--weights", str(OWN)]
    call_command("measure_styles", *given)
    assert "(1 styles)" in capsys.readouterr().out
    table = json.loads(report.read_text())
    numbers = table["ours"]["two"]
    assert numbers == table["ours"]["mean"]
    for way in (UNPAINTED, *ORDERS):
        assert numbers[f"{way}, flicker"] > 0 and numbers[f"{way}, seconds"] > 0
        assert numbers[f"{way}, background"] == 0
        assert 0.2 < numbers[f"{way}, sharpness"] <= 1.5
    assert numbers["content"] > 0 and numbers["relu4_3"] > 0 and numbers["gflop"] > 0
    # The same painter has the same metrics, except for the time.
    assert table["painter"]["two"]["content"] == numbers["content"]
    column = f"{PAINT_AND_CARRY}, flicker"
    assert table["painter"]["two"][column] == numbers[column]


@pytest.mark.parametrize(
    ("option", "message"), [("--photos", "--photos must"), ("--portraits", "--portraits must")]
)
def test_measuring_nothing_is_refused(option: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        call_command("measure_styles", "--content", str(tmp_path), "--styles", str(tmp_path), option, "0")
    assert caught.value.returncode == 2
