"""Motion templates: what the face does, as keypoint trajectories. Needs numpy alone, never torch."""

from portrait.engine.motion.catalogue import MOTIONS_DIR, MotionInfo, list_motions, load_motion, motion_names
from portrait.engine.motion.template import Motion, read_motion, write_motion

__all__ = [
    "MOTIONS_DIR",
    "Motion",
    "MotionInfo",
    "list_motions",
    "load_motion",
    "motion_names",
    "read_motion",
    "write_motion",
]
