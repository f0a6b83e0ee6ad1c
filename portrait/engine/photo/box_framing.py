"""Conversion of a detector's square box to the face from hairline to chin."""

from __future__ import annotations

from dataclasses import dataclass

from portrait.engine.photo.crop import FaceBox


@dataclass(frozen=True)
class BoxFraming:
    """The face relative to a detector's box, in units of the box's side."""

    height: float  # of the face
    right: float  # from the box's centre to the face's
    down: float

    def face(self, x: float, y: float, side: float, *, score: float, detector: str) -> FaceBox:
        """The face of a box with the centre (``x``, ``y``)."""
        return FaceBox(
            centre_x=x + self.right * side,
            centre_y=y + self.down * side,
            height=self.height * side,
            score=score,
            detector=detector,
        )
