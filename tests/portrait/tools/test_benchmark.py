"""The benchmark compares the plain loop and the engine on the same weights. No time is asserted."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from django.core.management import CommandError, call_command

from portrait.engine.fomm import load_model
from portrait.engine.fomm.config import read_config
from portrait.engine.fomm.load import build_networks, load_checkpoint, run_networks
from portrait.tools.benchmark_network import (
    SIZES,
    initialize_random_weights,
    measure_motion,
    plain_frames,
    psnr,
    swaying_video,
)
from tests.paths import DATA

TINY = DATA / "fomm-tiny"
FILES = TINY / "config.yaml", TINY / "checkpoint.pth.tar"


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    picture: np.ndarray = skimage.data.astronaut()[:256, 96:352]
    return picture


def test_the_plain_loop_makes_the_same_frames_as_the_model(face: np.ndarray) -> None:
    source = (face[::2, ::2] / 255).astype(np.float32)
    driving = swaying_video(source, 3)
    config = read_config(FILES[0])
    networks = build_networks(config)
    load_checkpoint(networks, FILES[1])
    plain = run_networks(networks, config, torch.device("cpu"), torch.float32, plain=True)
    made = plain_frames(plain, source, driving)
    np.testing.assert_allclose(made, load_model(*FILES).animate(source, driving), atol=1e-4)
    assert psnr(made, made) >= 200 > 60 > psnr(made[0], made[2])


def test_a_measurement_compares_the_same_frames(face: np.ndarray) -> None:
    times = measure_motion(face, *FILES, frames=3, precision="float32")
    assert times.psnr > 80 and times.frames == 3 and times.precision == "float32"
    assert min(times.plain, times.fast, times.source) > 0
    assert times.ratio == times.plain / times.fast


def test_a_published_checkpoint_with_its_training_state_is_measured(tmp_path: Path, face: np.ndarray) -> None:
    loaded = torch.load(FILES[1], weights_only=True) | {"discriminator": {"weight": torch.zeros(2)}}
    torch.save(loaded, tmp_path / "training.pth.tar")
    assert measure_motion(face, FILES[0], tmp_path / "training.pth.tar", frames=1).psnr > 40


def test_random_weights_do_not_suppress_the_signal(face: np.ndarray) -> None:
    source = (face[::2, ::2] / 255).astype(np.float32)
    driving = swaying_video(source, 3)
    config = read_config(FILES[0])
    networks = build_networks(config)
    initialize_random_weights(networks, config, source, driving)
    model = run_networks(networks, config, torch.device("cpu"), torch.float32)
    frames = model.animate(source, driving)
    assert frames.std() > 0.01 and np.abs(frames[0] - frames[2]).max() > 0.01
    keypoints = model.keypoints(source.transpose(2, 0, 1)[None])
    assert keypoints.value.std() > 0.05 and keypoints.jacobian is not None
    torch.testing.assert_close(keypoints.jacobian, torch.eye(2).expand_as(keypoints.jacobian))


def test_the_published_size_has_as_many_parameters_as_published() -> None:
    parameters = sum(p.numel() for p in build_networks(read_config(SIZES["vox-256"])).parameters())
    assert parameters > 50_000_000


def test_the_command_prints_a_table_and_json() -> None:
    files = {"config": FILES[0], "checkpoint": FILES[1], "frames": 2, "runs": 1}
    out = StringIO()
    call_command("benchmark", **files, stdout=out)
    assert "plain loop, float32" in out.getvalue() and "dB PSNR" in out.getvalue()
    out = StringIO()
    call_command("benchmark", **files, json=True, stdout=out)
    document = json.loads(out.getvalue())
    assert document["motion"]["frames"] == 2 and document["job"] is None


@pytest.mark.parametrize(
    "options", [{"random_weights": "vox-9"}, {"config": FILES[0]}, {"photo": Path("/does/not/exist.jpg")}]
)
def test_an_error_in_the_arguments_is_one_line(options: dict[str, object]) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("benchmark", **options)
    assert "\n" not in str(caught.value) and caught.value.returncode == 2
