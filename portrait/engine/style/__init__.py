"""The painter: style networks and the catalogue of styles (``style.catalogue`` needs no torch)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portrait.engine.style.painter import FrozenPainter, Painter, load_style

__all__ = ["FrozenPainter", "Painter", "load_style"]


def __getattr__(name: str) -> Any:
    # The web process reads the catalogue in this package and must not load torch.
    if name in __all__:
        from portrait.engine.style import painter

        return getattr(painter, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
