"""``manage.py measure_faces`` counts what the detectors find in a folder, and the hints. No time is asserted."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from portrait.engine.photo.mesh_detector import MeshDetector
from portrait.tools.face_measure import QUARTERS, measure_detector, measure_hints
from tests.portrait.pictures import astronaut


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(astronaut()).save(tmp_path / "portrait_1.png")
    Image.fromarray(np.ascontiguousarray(np.rot90(astronaut()))).save(tmp_path / "portrait_2.png")
    Image.fromarray(np.full((200, 300, 3), 90, np.uint8)).save(tmp_path / "wall.png")
    return tmp_path


def test_portraits_count_that_are_turned_back(folder: Path) -> None:
    # The second one already lies on its side, so that turning it back exactly would be wrong.
    found = measure_detector(
        MeshDetector(), [folder / "portrait_1.png", folder / "portrait_2.png"], [folder / "wall.png"]
    )
    assert found.upright == dict.fromkeys(QUARTERS, 1)
    assert (found.portraits, found.empty, found.false) == (2, 1, [])


def test_a_face_in_a_picture_without_one_is_named(folder: Path) -> None:
    found = measure_detector(MeshDetector(), [], [folder / "portrait_1.png"])
    assert found.false == ["portrait_1.png"]


def test_degraded_copies_get_their_hints(folder: Path) -> None:
    counts = measure_hints(MeshDetector(), [folder / "portrait_1.png"])
    assert {kind: dict(told) for kind, told in counts.items()} == {
        "as they are": {},
        "photo_blurred": {"photo_blurred": 1},
        "photo_dark": {"photo_dark": 1},
        "face_small": {"face_small": 1},
    }


def test_the_command_prints_a_row_for_each_detector(folder: Path) -> None:
    names, out = folder / "empty.txt", StringIO()
    names.write_text("wall.png\n")
    call_command(
        "measure_faces", str(folder), "--portraits", "portrait_1*", "--empty", str(names), stdout=out
    )
    heading, row, *_ = out.getvalue().splitlines()
    assert heading.split()[0] == "detector"
    assert row.split()[:8] == ["mesh", "1", "1", "1", "1", "1", "0", "1"]


def test_a_folder_without_portraits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="has no pictures called"):
        call_command("measure_faces", str(tmp_path))
