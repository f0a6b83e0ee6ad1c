"""The source of a portrait, as the canvas sees it: who is in it, where eyes and mouth are, and what is behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.canvas.background import beside_person, without_person
from portrait.engine.canvas.carrying import Places, at_rest
from portrait.engine.canvas.layers import Layers
from portrait.engine.photo.picture import Picture
from portrait.engine.style import Painter

# uint8 (B, H, W, 3) of any size -> the same, painted
Paint = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]
GRAIN = 1.5  # grey values: the standard deviation of the noise in a picture that is painted whole
# What a frame shows beyond the border of the source, as a fraction of its side: a nod moves the hair that far.
_SURROUNDINGS = 1 / 16
# Along its border a painter leaves strokes out: the outermost dozen pixels are greyer than the rest.
_BORDER = 16


def surroundings_of(side: int) -> int:
    """How many pixels beyond a source of ``side`` pixels are kept."""
    return max(_BORDER, round(_SURROUNDINGS * side))


def surrounded(photo: Picture) -> Picture:
    """A photo of which no surroundings are known, with mirrored ones."""
    return _bordered(photo, surroundings_of(len(photo)))


@dataclass(frozen=True)
class Subject:
    """A source, uint8 (S, S, 3).

    ``matte``: float32 (S, S) in 0..1, the person. ``features``: float32 (M, M) in 0..1 at the motion model's size,
    1 in eyes and mouth. ``background``: the photo without the person. ``surroundings``: the photo with N pixels more
    at each side, uint8 (S + 2 N, S + 2 N, 3).
    """

    photo: Picture
    matte: NDArray[np.float32]
    features: NDArray[np.float32]
    background: Picture
    surroundings: Picture

    @classmethod
    def of(
        cls,
        photo: Picture,
        matte: NDArray[np.float32],
        features: NDArray[np.float32],
        surroundings: Picture | None = None,
    ) -> Subject:
        """With the background filled in."""
        around = surrounded(photo) if surroundings is None else surroundings
        return cls(photo, matte, features, without_person(photo, matte), around)

    @property
    def side(self) -> int:
        return len(self.photo)

    @property
    def model_side(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class PaintedPhoto:
    """The painting of a photo and its surroundings, uint8 (S + 2 N, S + 2 N, 3), and ``paint`` for more of the kind.

    ``paint`` has the painter's statistics and the tone curve of the photo's painting, so that what it paints fits.
    """

    surroundings: Picture
    margin: int
    paint: Paint

    @property
    def painting(self) -> Picture:
        """The photo's alone, uint8 (S, S, 3)."""
        return _inside(self.surroundings[None], self.margin)[0]

    def of(self, subject: Subject) -> PaintedSubject:
        """The painted subject; the photo is the one that was painted."""
        background = self.painting
        if subject.matte.min() < 1:
            behind = paint_whole(self.paint, _grained(subject.background)[None])[0].astype(np.float32)
            far = beside_person(subject.matte)[..., None]
            background = np.rint(behind + (background - behind) * far).astype(np.uint8)
        return PaintedSubject(subject, self.painting, background, self.surroundings, self.paint)


@dataclass(frozen=True)
class PaintedSubject:
    """A subject in one style: paintings of its photo and of its background, and ``paint`` for more of the kind.

    Away from the person the background is the photo's painting, so that a film differs little from that.
    """

    subject: Subject
    painting: Picture
    background: Picture
    surroundings: Picture
    paint: Paint

    @cached_property
    def layers(self) -> Layers:
        """The painting's layers."""
        return Layers(self.surroundings, self.subject.matte, self.background)

    @property
    def still(self) -> Picture:
        """The painting at rest, uint8 (S, S, 3): the first frame of a clip that carries it."""
        picture, _alpha = self.layers.carried(Places(at_rest(), self.subject.side))
        return picture


def paint_photo(painter: Painter, surroundings: Picture, margin: int, style: str) -> PaintedPhoto:
    """Paint a photo that has ``margin`` pixels more at each side. Raises ChoiceError for an unknown style."""
    frozen = painter.freeze_statistics(_grained(surroundings)[None], style)
    photo, painting = (_inside(picture[None], margin)[0] for picture in (surroundings, frozen.first))
    curve = painter.tones(photo, painting, style)

    def paint(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return curve[frozen.paint(frames)]

    return PaintedPhoto(curve[frozen.first], margin, paint)


def paint_whole(paint: Paint, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Whole pictures, uint8 (B, S, S, 3), painted up to their borders."""
    return _inside(paint(np.stack([_bordered(picture, _BORDER) for picture in pictures])), _BORDER)


def _inside(pictures: NDArray[np.uint8], margin: int) -> NDArray[np.uint8]:
    """(B, H, W, 3) without ``margin`` pixels at each side."""
    return np.ascontiguousarray(pictures[:, margin:-margin, margin:-margin])


def _bordered(picture: Picture, margin: int) -> Picture:
    """With ``margin`` pixels more at each side, mirrored."""
    around = (margin, margin, margin, margin)
    return np.asarray(cv2.copyMakeBorder(picture, *around, borderType=cv2.BORDER_REFLECT_101), dtype=np.uint8)


def _grained(picture: Picture) -> Picture:
    """uint8 (S, S, 3) with a little noise, the same in every picture of the size.

    A wall without any texture would be painted without strokes, in stripes along the picture's border.
    """
    noise = np.random.default_rng(0).standard_normal((*picture.shape[:2], 1), np.float32)
    return np.clip(np.rint(picture + GRAIN * noise), 0, 255).astype(np.uint8)
