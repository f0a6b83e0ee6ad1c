"""The meaning of the compact network's 16 keypoints: their names, order, mirror pairs and groups. Needs no torch.

Each keypoint is the centroid of a group of face landmarks, and its Jacobian the affine fit of the group against a
mean face. "right" and "left" are the person's own.
"""

from __future__ import annotations

# The keypoint set's name, as motion templates carry it.
COMPACT_MODEL = "compact-16"

NAMES = (
    "eye_right",
    "eye_left",
    "brow_right",
    "brow_left",
    "bridge",
    "nose",
    "mouth_right",
    "mouth_left",
    "upper_lip",
    "lower_lip",
    "chin",
    "jaw_right",
    "jaw_left",
    "temple_right",
    "temple_left",
    "crown",
)
EYE_RIGHT, EYE_LEFT, BROW_RIGHT, BROW_LEFT, BRIDGE, NOSE, MOUTH_RIGHT, MOUTH_LEFT = range(8)
UPPER_LIP, LOWER_LIP, CHIN, JAW_RIGHT, JAW_LEFT, TEMPLE_RIGHT, TEMPLE_LEFT, CROWN = range(8, 16)

EYES = (EYE_RIGHT, EYE_LEFT)
BROWS = (BROW_RIGHT, BROW_LEFT)
LIPS = (UPPER_LIP, LOWER_LIP)
MOUTH = (MOUTH_RIGHT, MOUTH_LEFT, UPPER_LIP, LOWER_LIP, CHIN)
LOWER_FACE = (*MOUTH, JAW_RIGHT, JAW_LEFT)
# Those that an expression moves least.
RIGID = (*EYES, BRIDGE, NOSE, TEMPLE_RIGHT, TEMPLE_LEFT)


def mirror_name(name: str) -> str:
    """The keypoint that ``name`` becomes in a mirror; itself in the middle of the face."""
    stem, _, side = name.rpartition("_")
    opposite = {"right": "left", "left": "right"}.get(side)
    return name if opposite is None else f"{stem}_{opposite}"


# The index of the keypoint that each one becomes in a mirror.
MIRRORED = tuple(NAMES.index(mirror_name(name)) for name in NAMES)
