"""The expressions of a live portrait: poses of a face that nods, tilts, breathes, smiles or shuts its eyes."""

from __future__ import annotations

from pathlib import Path

from portrait.engine.motion.template import Motion, read_motion

EXPRESSIONS_FILE = Path(__file__).parent / "families" / "expressions.npz"
# The poses of the frames after the first, which is at rest.
EXPRESSIONS = ("nod", "tilt-left", "tilt-right", "breath", "smile", "open", "blink", "wink")


def load_expressions(path: Path = EXPRESSIONS_FILE) -> Motion:
    """A frame at rest, and one for each of ``EXPRESSIONS``. Raises MotionFileError."""
    return read_motion(path)
