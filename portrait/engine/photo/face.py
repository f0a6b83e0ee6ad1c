"""Find the largest face in a photo and cut it out the way the motion model's training faces were cut out.

Two detectors stand behind :func:`find_face`: S3FD (Zhang et al., ICCV 2017), when its weights are on disk, and
dlib's histogram-of-oriented-gradients detector, which needs none and no torch. Each frames a face in its own
way; both are brought to one measure here, the face from hairline to chin, so that the crop does not depend on
which of them found it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from portrait.engine.errors import NoFaceError
from portrait.engine.photo.reading import Picture

CROP_SIZE = 256

# The framing of the training crops, as fractions of the frame's side, measured on the 468 face-mesh points of
# 211 clips: the face is .56 high (middle nine tenths: .52 to .67), its middle lies .525 down and .50 across.
FACE_HEIGHT_IN_FRAME = 0.58
FACE_CENTRE_IN_FRAME = (0.5, 0.525)

# Where a face is so near the picture's border that the square reaches over it, the square is first made smaller,
# as far as the training crops go, ...
MAX_FACE_HEIGHT_IN_FRAME = 0.66
# ... and then moved, by this fraction of the frame at most. Only what is still missing is reflected.
MAX_SHIFT_IN_FRAME = 0.04
# A reflection deep enough to show a second mouth or pair of eyes would be animated, too: it goes out of focus
# within this fraction of the frame, until it is blurred with this standard deviation.
_REFLECTION_SHARP = 0.06
_REFLECTION_BLUR = 0.04

# Where S3FD weights are looked for, below the folder of checkpoints.
S3FD_FOLDER = "face"


@dataclass(frozen=True)
class FaceBox:
    """A face in pixels of the picture it was found in.

    ``height`` is measured from hairline to chin, (``centre_x``, ``centre_y``) is the middle of the face;
    ``angle`` is by how many degrees the picture had to be turned counter-clockwise for the detector to see it.
    """

    centre_x: float
    centre_y: float
    height: float
    score: float
    detector: str  # "s3fd" or "hog"
    angle: float = 0.0


class _Framing(NamedTuple):
    """From a detector's box to the face, in units of the box's side."""

    height: float  # of the face
    right: float  # from the box's middle to the face's
    down: float


# dlib's five sub-detectors, each of which centres its box elsewhere: frontal, turned to the picture's left and
# right, leaning left and right. Medians over the face-mesh points of 1,265 detections on the training clips,
# mirrored pairs averaged; the two leaning ones rest on 16 detections. Heights are then scaled by .984, which
# brings the median after the second look, one frame of each of 211 clips, to the height that is asked for.
_HOG_FRAMING = (
    _Framing(height=1.108, right=0.0, down=-0.016),
    _Framing(height=1.03, right=0.093, down=0.039),
    _Framing(height=1.03, right=-0.093, down=0.039),
    _Framing(height=1.043, right=-0.06, down=-0.02),
    _Framing(height=1.043, right=0.06, down=-0.02),
)
# S3FD learnt the boxes of WIDER FACE, which run from the forehead to the chin. Not measured: taken from that
# definition, with a little for the hairline.
_S3FD_FRAMING = _Framing(height=1.05, right=0.0, down=-0.02)

# The HOG detector's window is 80 pixels: at these longest sides it sees faces from an eighth, a sixteenth and
# a twenty-sixth of the picture. The first that shows a face is the one that shows the largest. The more windows
# there are, the more of them look like a face by chance, so that the score that is asked for rises.
_HOG_SCALES = ((640, 0.0), (1280, 0.15), (2080, 0.3))
# Below the first side there is no pixel to win by enlarging further, and time to lose by enlarging a lot.
_HOG_MAX_ENLARGEMENT = 4.0
# Faces that touch the picture's border are found only when something lies beyond it.
_HOG_BORDER = 1 / 8
# A turned picture is looked at only when the upright one shows no face, and shows more false ones.
_HOG_TURNS = (-20.0, 20.0, -40.0, 40.0)
_HOG_TURNED_THRESHOLD = 0.25
# Among several detections, those much weaker than the best are taken for patterns in a wall or a shirt.
_HOG_RELATIVE_SCORE = 0.25
# With less than this score a face is taken only when no other scale or angle shows a better one.
_HOG_CERTAIN = 0.5
# The detector's pyramid knows a face's size to a fifth only. Seen again at these widths in pixels, the median of
# its answers is nearer. What is not seen again most of the time was no face.
_HOG_SECOND_LOOK = (90, 98, 107, 116, 127)
_HOG_SEEN_AGAIN = 3

_S3FD_SIDE = 640
_S3FD_THRESHOLD = 0.5


def find_face(image: Picture, *, checkpoints: Path | None = None, device: str = "cpu") -> FaceBox:
    """The largest face in uint8 (H, W, 3), RGB.

    With S3FD when ``checkpoints/face`` holds its weights (a ``.pth`` file), with dlib's HOG detector otherwise.
    The HOG detector sees frontal and half-turned faces, leaning by up to about 50 degrees.

    Raises NoFaceError when there is none, CheckpointError when the weights are there but cannot be used.
    """
    weights = s3fd_weights(checkpoints) if checkpoints is not None else None
    faces = _hog_faces(image) if weights is None else _s3fd_faces(image, weights, device)
    face = max(faces, key=lambda face: face.height, default=None)
    if face is None:
        raise NoFaceError("No face was found in the picture. It should look into the camera.")
    return face


def crop_face(image: Picture, face: FaceBox, size: int = CROP_SIZE) -> Picture:
    """Cut a square around a face of uint8 (H, W, 3) and bring it to (size, size, 3), framed as in training.

    Where the square reaches over the picture's border, the picture is continued by reflection.
    """
    height, width = image.shape[:2]
    left, top, side = _square(face, width, height)

    # 1. Whole pixels that cover the square, reflected where there are none.
    columns = np.arange(math.floor(left), math.ceil(left + side))
    rows = np.arange(math.floor(top), math.ceil(top + side))
    patch = image[_reflected(rows, height)[:, None], _reflected(columns, width)[None, :]]

    # 2. The square itself to the model's size, filtered, the same scale both ways.
    box = (left - columns[0], top - rows[0], left - columns[0] + side, top - rows[0] + side)
    square = Image.fromarray(patch).resize((size, size), Image.Resampling.LANCZOS, box=box)

    # 3. How far each pixel lies outside the picture, as a fraction of the frame, decides how blurred it is.
    centres = (np.arange(size) + 0.5) / size
    across = np.maximum(-left / side - centres, centres - (width - left) / side)
    down = np.maximum(-top / side - centres, centres - (height - top) / side)
    outside = np.maximum(across[None, :], down[:, None])
    if outside.max() > 0:
        blurred = square.filter(ImageFilter.GaussianBlur(_REFLECTION_BLUR * size))
        weight = np.clip(outside / _REFLECTION_SHARP, 0, 1) * 255
        square.paste(blurred, mask=Image.fromarray(np.rint(weight).astype(np.uint8)))
    return np.array(square, dtype=np.uint8)


def _square(face: FaceBox, width: int, height: int) -> tuple[float, float, float]:
    """The square to cut out: left, top and side in pixels; inside the picture as far as the framing allows."""
    across, down = FACE_CENTRE_IN_FRAME
    wanted = face.height / FACE_HEIGHT_IN_FRAME
    smallest = face.height / MAX_FACE_HEIGHT_IN_FRAME
    room = min(
        face.centre_x / across,
        (width - face.centre_x) / (1 - across),
        face.centre_y / down,
        (height - face.centre_y) / (1 - down),
    )
    side = min(wanted, max(room, smallest))
    left = _pushed_inside(face.centre_x - across * side, side, width)
    return left, _pushed_inside(face.centre_y - down * side, side, height), side


def _pushed_inside(start: float, side: float, size: int) -> float:
    """Move the stretch from ``start`` to ``start + side`` towards 0..``size``, a little at most."""
    low, high = -start, size - side - start  # the moves that bring one end or the other to the border
    wanted = max(low, min(0.0, high)) if low <= high else (low + high) / 2
    most = MAX_SHIFT_IN_FRAME * side
    return start + max(-most, min(wanted, most))


def s3fd_weights(checkpoints: Path) -> Path | None:
    """The S3FD weights below a folder of checkpoints, or None."""
    return min((checkpoints / S3FD_FOLDER).glob("*.pth"), default=None)


def _reflected(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Indices that may lie outside 0..size-1, folded back as often as needed; the border is not repeated."""
    if size == 1:
        return np.zeros_like(index)
    folded = np.abs(index) % (2 * (size - 1))
    return np.where(folded < size, folded, 2 * (size - 1) - folded)


def _resized(image: Picture, scale: float) -> Picture:
    height, width = image.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    picture = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return np.array(picture, dtype=np.uint8)


# S3FD


def _s3fd_faces(image: Picture, weights: Path, device: str) -> list[FaceBox]:
    from portrait.engine.photo.s3fd import load_s3fd

    scale = min(1.0, _S3FD_SIDE / max(image.shape[:2]))
    small = _resized(image, scale) if scale < 1 else image
    boxes = load_s3fd(weights, device).detect(small, _S3FD_THRESHOLD) / [scale, scale, scale, scale, 1.0]
    faces = []
    for left, top, right, bottom, score in boxes.tolist():
        side = bottom - top
        faces.append(
            FaceBox(
                centre_x=(left + right) / 2 + _S3FD_FRAMING.right * side,
                centre_y=(top + bottom) / 2 + _S3FD_FRAMING.down * side,
                height=_S3FD_FRAMING.height * side,
                score=score,
                detector="s3fd",
            )
        )
    return faces


# HOG


# dlib's detector keeps the picture's pyramid between calls, so that threads must take turns.
_hog_lock = threading.Lock()


@cache
def _hog_detector() -> Any:
    import dlib

    return dlib.get_frontal_face_detector()


def _hog_faces(image: Picture) -> list[FaceBox]:
    weak: list[FaceBox] = []
    for faces in _hog_tries(image):
        best = max((face.score for face in faces), default=0.0)
        likely = [face for face in faces if face.score >= _HOG_RELATIVE_SCORE * best]
        for face in sorted(likely, key=lambda face: face.height, reverse=True):
            confirmed = _second_look(image, face)
            if confirmed is None:
                continue
            if face.score >= _HOG_CERTAIN:
                return [confirmed]
            weak.append(confirmed)
    return sorted(weak, key=lambda face: face.score)[-1:]


def _hog_tries(image: Picture) -> Iterator[list[FaceBox]]:
    """What the detector sees at one scale after the other, then in the picture turned by several angles."""
    longest = max(image.shape[:2])
    scales: list[float] = []
    for side, threshold in _HOG_SCALES:
        scale = min(side / longest, _HOG_MAX_ENLARGEMENT)
        if scale not in scales:
            scales.append(scale)
            yield _detect_hog(image, scale, threshold)
    for angle in _HOG_TURNS:
        yield _detect_turned(image, scales[0], angle)


def _detect_hog(image: Picture, scale: float, threshold: float = 0.0) -> list[FaceBox]:
    """Detect at one scale; the faces are in pixels of ``image``."""
    small = _resized(image, scale)
    border = round(_HOG_BORDER * max(small.shape[:2]))
    bordered = np.pad(small, ((border, border), (border, border), (0, 0)), mode="edge")
    with _hog_lock:
        boxes, scores, kinds = _hog_detector().run(bordered, 0, threshold)
    faces = []
    for box, score, kind in zip(boxes, scores, kinds, strict=True):
        framing = _HOG_FRAMING[kind]
        side = (box.width() + box.height()) / 2
        faces.append(
            FaceBox(
                centre_x=((box.left() + box.right() + 1) / 2 - border + framing.right * side) / scale,
                centre_y=((box.top() + box.bottom() + 1) / 2 - border + framing.down * side) / scale,
                height=framing.height * side / scale,
                score=float(score),
                detector="hog",
            )
        )
    # A face whose middle lies on the added border is no face of this picture.
    height, width = image.shape[:2]
    return [face for face in faces if 0 <= face.centre_x < width and 0 <= face.centre_y < height]


def _detect_turned(image: Picture, scale: float, angle: float) -> list[FaceBox]:
    """Detect in the picture turned by ``angle`` degrees counter-clockwise; the faces are in the upright one."""
    small = Image.fromarray(_resized(image, scale))
    turned = small.rotate(angle, Image.Resampling.BILINEAR, expand=True)
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    faces = []
    for face in _detect_hog(np.array(turned, dtype=np.uint8), 1.0, _HOG_TURNED_THRESHOLD):
        right, down = face.centre_x - turned.width / 2, face.centre_y - turned.height / 2
        faces.append(
            replace(
                face,
                centre_x=(right * cosine - down * sine + small.width / 2) / scale,
                centre_y=(right * sine + down * cosine + small.height / 2) / scale,
                height=face.height / scale,
                angle=angle,
            )
        )
    return faces


def _second_look(image: Picture, face: FaceBox) -> FaceBox | None:
    """Measure a face again, close up and at several scales, and take the median; None when it is gone."""
    reach = face.height  # a square of twice the face around it
    left, top = max(0, round(face.centre_x - reach)), max(0, round(face.centre_y - reach))
    right, bottom = round(face.centre_x + reach), round(face.centre_y + reach)
    patch = image[top:bottom, left:right]
    seen = []
    for width in _HOG_SECOND_LOOK:
        scale = width * _HOG_FRAMING[0].height / face.height
        found = _detect_turned(patch, scale, face.angle) if face.angle else _detect_hog(patch, scale)
        found = [other for other in found if 0.7 < other.height / face.height < 1.4]
        seen += [max(found, key=lambda other: other.score)] if found else []
    if len(seen) < _HOG_SEEN_AGAIN:
        return None
    return replace(
        face,
        centre_x=left + float(np.median([other.centre_x for other in seen])),
        centre_y=top + float(np.median([other.centre_y for other in seen])),
        height=float(np.median([other.height for other in seen])),
    )
