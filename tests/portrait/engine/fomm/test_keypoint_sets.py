"""What the keypoints of a model mean is told by its yaml alone, and only fitting motions are offered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import override_settings

from portrait import choices
from portrait.engine.errors import CheckpointError
from portrait.engine.fomm import load_model
from portrait.engine.fomm.config import keypoint_set
from portrait.engine.motion import motion_names
from portrait.engine.options import EngineOptions
from tests.paths import DATA, ROOT

TINY = DATA / "fomm-tiny"
PUBLISHED = (TINY / "config.yaml", TINY / "checkpoint.pth.tar")


@pytest.mark.parametrize("files", [EngineOptions().motion_files, PUBLISHED], ids=["compact", "published"])
def test_the_yaml_names_the_same_keypoints_as_the_loaded_model(files: tuple[Path, Path]) -> None:
    assert keypoint_set(files[0]) == load_model(*files).keypoint_set


def test_it_is_told_without_torch() -> None:
    script = (
        "import sys; from portrait.engine.fomm.config import keypoint_set; keypoint_set(sys.argv[1]); "
        "sys.exit('torch' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(TINY / "config.yaml")]
    assert subprocess.run(command, cwd=ROOT).returncode == 0


def test_a_yaml_without_keypoints_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("model_params: {}")

    with pytest.raises(CheckpointError, match=r"other\.yaml.*common_params"):
        keypoint_set(tmp_path / "other.yaml")


def test_students_are_offered_the_motions_that_the_model_can_play() -> None:
    assert tuple(motion.name for motion in choices.motions()) == motion_names()

    with override_settings(PORTRAIT={**settings.PORTRAIT, "MOTION_MODEL": PUBLISHED}):
        assert choices.motions() == ()
