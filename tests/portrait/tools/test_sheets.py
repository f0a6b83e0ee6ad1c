"""The images of the documentation: contact sheets of the motions, the gallery of styles, and all orders."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from portrait.engine.motion import load_motion, motion_names
from portrait.engine.motion.anatomy import EYE_LEFT, EYE_RIGHT
from portrait.engine.options import EngineOptions
from portrait.engine.pipeline import Engine
from portrait.engine.request import ORDERS
from portrait.management.engine_command import write_result
from portrait.tools import contact_sheets, gallery
from portrait.tools.sheet_drawing import LINE_HEIGHT, MARGIN, sample_photo
from tests.paths import DATA, ROOT
from tests.portrait.provenance import read_provenance

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(EngineOptions(device="cpu"))


@pytest.mark.parametrize("name", motion_names())
def test_the_characteristic_frames_begin_at_rest_and_include_a_blink(name: str) -> None:
    motion = load_motion(name)
    assert motion.jacobian is not None

    shown = contact_sheets.characteristic_frames(motion, 10)

    assert shown[0] == 0
    assert shown == sorted(set(shown))
    assert len(shown) == 10
    assert shown[-1] > 0.85 * len(motion)
    openness = motion.jacobian[:, [EYE_RIGHT, EYE_LEFT], 1, 1].max(axis=1)
    assert openness[shown].min() == pytest.approx(openness.min(), abs=0.05)


def test_a_contact_sheet_shows_more_motion_from_row_to_row(engine: Engine) -> None:
    data = contact_sheets.contact_sheet(engine, sample_photo(), "breathing")

    assert read_provenance(data) is not None
    sheet = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    tiles = sheet[LINE_HEIGHT:, MARGIN:].reshape(
        3, contact_sheets.TILE, contact_sheets.SHOWN_FRAMES, contact_sheets.TILE, 3
    )
    moved = [np.abs(row[:, 4] - row[:, 0]).mean() for row in tiles]
    assert moved[0] < moved[1] < moved[2]
    assert np.abs(tiles[0, :, 0] - tiles[2, :, 0]).mean() < moved[0]  # the photo, at any strength


def test_the_gallery_has_a_row_for_every_style_and_differing_faces() -> None:
    engine = Engine(EngineOptions(device="cpu", painter=DATA / "painter" / "painter.safetensors"))
    photo = sample_photo()
    faces = gallery.gallery_faces(engine, photo)
    assert len({face.title for face in faces}) == len(faces) >= 4
    for face in faces[1:]:
        assert np.abs(face.picture.astype(int) - faces[0].picture).mean() > 1

    picture = Image.open(io.BytesIO(gallery.gallery(engine, photo)))

    assert picture.format == "PNG"
    assert picture.width == 2 * MARGIN + len(faces) * gallery.TILE
    assert picture.height == LINE_HEIGHT + (1 + len(engine.painter.styles)) * gallery.TILE


def test_every_motion_has_its_sheet_in_the_documentation() -> None:
    text = (DOCS / "motions.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\(motions/([\w-]+)\.webp\)", text))

    assert shown == set(motion_names()) == {path.stem for path in (DOCS / "motions").glob("*.webp")}
    for name in shown:
        assert f"| `{name}` |" in text
        assert f"| {load_motion(name).seconds:.1f} |" in text
        assert (DOCS / "motions" / f"{name}.webp").stat().st_size < 120_000


def test_all_orders_are_shown_below_each_other_and_differ(engine: Engine) -> None:
    data = gallery.orders_sheet(engine, sample_photo())

    assert read_provenance(data) is not None
    sheet = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    count = len(ORDERS)
    rows = sheet[LINE_HEIGHT:, 2 * MARGIN :].reshape(2 * count, gallery.TILE, 5, gallery.TILE, 3)
    for first in (0, count):  # of each style
        for one, other in itertools.combinations(rows[first : first + count], 2):
            assert np.abs(one - other).mean() > 2
        for row in rows[first : first + count]:
            assert np.abs(row[:, 2] - row[:, 0]).mean() > 5  # moves


def test_the_gallery_in_the_documentation_is_small() -> None:
    path = DOCS / "gallery.png"
    assert path.stat().st_size < 1_500_000
    assert read_provenance(path.read_bytes()) is not None


def test_a_result_is_written_with_its_folder_and_reported(tmp_path: Path) -> None:
    line = write_result(tmp_path / "new" / "a.png", bytes(2500))

    assert line == f"{tmp_path / 'new' / 'a.png'} (2 kB)"
    assert (tmp_path / "new" / "a.png").read_bytes() == bytes(2500)
