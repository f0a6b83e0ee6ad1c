"""Learning the basis of facial motion from a folder of face clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from portrait.engine.errors import MotionFileError
from portrait.engine.fomm import MotionModel, load_model
from portrait.engine.motion import load_motion
from portrait.engine.motion.anatomy import NOSE, TEMPLE_LEFT, TEMPLE_RIGHT
from portrait.engine.motion.basis import load_basis
from portrait.engine.options import EngineOptions
from portrait.engine.photo.crop import crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.motion_making.driving_clips import learn_from_clips

TURN = 0


@pytest.fixture(scope="module")
def model() -> MotionModel:
    return load_model(*EngineOptions().motion_files, precision="auto")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory, model: MotionModel) -> Path:
    """One clip of a person who looks around, and one that must not be opened."""
    folder = tmp_path_factory.mktemp("clips")
    picture = skimage.data.astronaut()
    source = (crop_face(picture, find_face(picture)) / 255).astype(np.float32)
    frames = np.rint(model.animate(source, load_motion("look-around")) * 255).astype(np.uint8)
    for name in ("free", "closed"):
        (folder / name).mkdir()
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / "free" / f"{index:03d}.jpg", quality=95)
    (folder / "closed" / "000.jpg").write_bytes(b"reading this fails")
    (folder / "index.tsv").write_text("clip_id\trepo_licence\nfree\tMIT\nclosed\tnon-commercial terms\n")
    return folder


def test_a_turn_of_the_head_is_learned_from_clips_of_a_free_licence_only(
    clips: Path, model: MotionModel
) -> None:
    learned, shipped = learn_from_clips(clips, model), load_basis()

    # The nose goes ahead of the temples, and the head goes along.
    for basis in (learned, shipped):
        turn = basis.value[TURN, :, 0]
        assert turn[NOSE] > 0 > turn[TEMPLE_RIGHT]
        assert turn[TEMPLE_RIGHT] == pytest.approx(turn[TEMPLE_LEFT], abs=1e-6)
        assert basis.shift[TURN, 0] > turn[NOSE]


def test_clips_of_no_free_licence_teach_nothing(tmp_path: Path, model: MotionModel) -> None:
    (tmp_path / "index.tsv").write_text("clip_id\trepo_licence\nclosed\tCC BY-NC\n")

    with pytest.raises(MotionFileError, match=r"index\.tsv: names no clip"):
        learn_from_clips(tmp_path, model)


@pytest.mark.parametrize("index", ["", "clip_id\nfree\n", "clip_id\trepo_licence\nabsent\tMIT\n"])
def test_a_folder_that_is_no_collection_of_clips_is_named(
    tmp_path: Path, model: MotionModel, index: str
) -> None:
    (tmp_path / "index.tsv").write_text(index)

    with pytest.raises(MotionFileError, match=r"index\.tsv"):
        learn_from_clips(tmp_path, model)
