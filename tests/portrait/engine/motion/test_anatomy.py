"""The meaning of the 16 keypoints, which the networks, the motion basis and the training share."""

from __future__ import annotations

import subprocess
import sys

from portrait.engine.motion import anatomy
from portrait.engine.motion.anatomy import MIRRORED, NAMES, mirror_name
from tests.paths import ROOT


def test_every_name_has_its_constant_in_the_order_of_the_keypoints() -> None:
    assert [getattr(anatomy, name.upper()) for name in NAMES] == list(range(16))


def test_a_mirror_swaps_right_and_left_and_nothing_else() -> None:
    assert mirror_name("eye_right") == "eye_left"
    assert mirror_name("upper_lip") == "upper_lip"
    assert [MIRRORED[MIRRORED[index]] for index in range(16)] == list(range(16))
    assert [NAMES[index] for index in range(16) if MIRRORED[index] == index] == [
        "bridge",
        "nose",
        "upper_lip",
        "lower_lip",
        "chin",
        "crown",
    ]


def test_it_is_known_without_torch() -> None:
    script = "import sys; import portrait.engine.motion.anatomy; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0
