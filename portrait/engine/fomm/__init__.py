"""Motion models: the published first order motion model and our compact one, behind one interface.

``fomm.config`` needs no torch; the names below import it when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portrait.engine.fomm.keypoints import Keypoints
    from portrait.engine.fomm.load import load_model
    from portrait.engine.fomm.model import MotionModel

__all__ = ["Keypoints", "MotionModel", "load_model"]

_MODULES = {"Keypoints": "keypoints", "MotionModel": "model", "load_model": "load"}


def __getattr__(name: str) -> Any:
    # The web process reads the name of the keypoint set and must not load torch.
    if name in _MODULES:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
