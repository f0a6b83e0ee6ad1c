"""A rectangle of a picture."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Region:
    """A rectangle of a picture, in pixels of it; ``right`` and ``bottom`` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def rows(self) -> slice:
        return slice(self.top, self.bottom)

    @property
    def columns(self) -> slice:
        return slice(self.left, self.right)

    def moved(self, right: int, down: int) -> Region:
        return Region(self.left + right, self.top + down, self.right + right, self.bottom + down)

    def scaled(self, factor: float) -> Region:
        """The same part of a picture ``factor`` times as large, in whole pixels."""
        return Region(
            round(self.left * factor),
            round(self.top * factor),
            round(self.right * factor),
            round(self.bottom * factor),
        )

    def overlap(self, other: Region) -> Region | None:
        """What both cover; None where they are apart."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Region(left, top, right, bottom) if left < right and top < bottom else None

    def hull(self, other: Region) -> Region:
        """The smallest region that covers both."""
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )
