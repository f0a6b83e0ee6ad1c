"""Motion models: the published first order motion model and our compact one, behind one interface."""

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.load import load_model
from portrait.engine.fomm.model import MotionModel

__all__ = ["Keypoints", "MotionModel", "load_model"]
