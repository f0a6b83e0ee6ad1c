"""Each style and motion has a preview that ships with the service."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from rest_framework.test import APIClient

from portrait import choices
from portrait.engine.errors import EncodingError
from portrait.engine.output.provenance import TRAINED_ALGORITHMIC_MEDIA
from portrait.tools import previews
from tests.portrait.pictures import astronaut
from tests.portrait.provenance import read_provenance


def clip(frames: int, noise: bool = False) -> bytes:
    draw = np.random.default_rng(1)
    face = astronaut()[:256, :256]
    pictures = [
        Image.fromarray(
            draw.integers(0, 256, face.shape, dtype=np.uint8) if noise else np.roll(face, number, 1)
        )
        for number in range(frames)
    ]
    out = io.BytesIO()
    pictures[0].save(out, "WEBP", save_all=True, append_images=pictures[1:], duration=40, loop=0)
    return out.getvalue()


@pytest.mark.parametrize("entry", [*choices.styles(), *choices.motions()], ids=lambda entry: entry.name)
def test_every_choice_has_a_small_preview_with_provenance(entry: choices.Choice) -> None:
    path = choices.PREVIEWS_DIR / entry.kind / f"{entry.name}.webp"
    data = path.read_bytes()
    assert len(data) <= previews.MAX_BYTES
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.size == (previews.SIDE, previews.SIDE)
        assert getattr(picture, "n_frames", 1) > 10
    stated = read_provenance(data)
    assert stated is not None and stated.digital_source_type == TRAINED_ALGORITHMIC_MEDIA
    with Image.open(path.with_suffix(".jpg")) as still:
        assert still.size == (previews.SIDE, previews.SIDE)


def test_there_is_no_preview_of_a_removed_choice() -> None:
    known = {(entry.kind, entry.name) for entry in (*choices.styles(), *choices.motions())}
    assert {(path.parent.name, path.stem) for path in choices.PREVIEWS_DIR.glob("*/*.*")} == known


@pytest.mark.django_db
def test_the_options_list_previews_that_are_served_and_the_retention_of_photos(as_alice: APIClient) -> None:
    options = as_alice.get("/user/portrait/options/").json()
    assert options["photo_kept_days"] == 30
    for entry in (*options["styles"], *options["motions"]):
        for address in (entry["preview"], entry["preview_still"]):
            assert as_alice.get(address).status_code == 200, address


def test_a_preview_has_the_speed_of_the_portrait() -> None:
    with Image.open(io.BytesIO(previews.make_preview(clip(20)).webp)) as picture:
        assert getattr(picture, "n_frames", 1) == 10
        picture.seek(1)
        picture.load()
        assert picture.info["duration"] == 80


def test_a_static_pose_lasts_as_long_in_the_preview() -> None:
    """Encoders store equal neighbouring frames once, with a longer duration."""
    face = Image.fromarray(astronaut()[:256, :256])
    turned = face.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    out = io.BytesIO()
    durations = [400, *[40] * 9, 800]
    pictures = [face if number % 2 else turned for number in range(11)]
    pictures[0].save(out, "WEBP", save_all=True, append_images=pictures[1:], duration=durations, loop=0)
    with Image.open(io.BytesIO(previews.make_preview(out.getvalue()).webp)) as picture:
        shown = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            picture.load()
            shown.append(picture.info["duration"])
    assert sum(shown) == pytest.approx(sum(durations), abs=80)


def test_a_preview_above_the_size_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "MAX_BYTES", 3_000)
    with pytest.raises(EncodingError, match="3000"):
        previews.make_preview(clip(12, noise=True))
