"""The matte of the person in a portrait's crop: selfie segmentation, refined at the crop's own resolution.

Network: the MediaPipe project's selfie segmentation, general model (``checkpoints/face/README.md``).
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from portrait.engine.photo.crop import FACE_CENTRE_IN_FRAME, FACE_HEIGHT_IN_FRAME
from portrait.engine.photo.face_networks import FACE_WEIGHTS
from portrait.engine.photo.guided_filter import guided_filter
from portrait.engine.photo.opencv_network import network
from portrait.engine.photo.picture import Picture

SEGMENTATION_FILE = "selfie_segmentation.tflite"
SEGMENTATION_SIDE = 256

Matte = NDArray[np.float32]

# The network's value from which a pixel may belong to the person, and from which it surely does. What lies below is
# faint shadow on the background, which would move with the person.
_FAINT, _SURE = 0.3, 0.9
# The mean over the face below which the network did not see the person.
_SEEN = 0.6
# From this mean on the person fills the frame and no background is worth standing still.
_FULL = 0.97
# Holes in the person up to this fraction of the frame are the network's; larger ones show the background.
_HOLE = 0.01
# The edge that the network draws lies within this fraction of the side of the true one.
_BAND = 0.03
_RADIUS = 0.02
_EPSILON = 2e-4
# The filter's result is stretched, so that flat areas beside the edge become 0 or 1.
_LOW, _HIGH = 0.25, 0.9


def person_matte(picture: Picture, checkpoints: Path = FACE_WEIGHTS) -> Matte:
    """How much of each pixel belongs to the person in a crop around a face: uint8 (S, S, 3), RGB, of any side.

    ``checkpoints`` is the folder of ``selfie_segmentation.tflite``.

    Returns float32 (S, S) in 0..1. It is all ones where the network sees no person at the face's place of the frame,
    and where the person fills the frame. Raises CheckpointError.
    """
    height, width = picture.shape[:2]
    everything = np.ones((height, width), np.float32)
    coarse = _cleaned(_segmented(picture, checkpoints))
    if coarse[_face_region()].mean() < _SEEN:
        return everything
    refined = _refined(picture, coarse)
    return everything if refined.mean() > _FULL else refined


def _segmented(picture: Picture, checkpoints: Path) -> Matte:
    """The network's answer, (256, 256) in 0..1."""
    side = SEGMENTATION_SIDE
    filtered = cv2.INTER_AREA if max(picture.shape[:2]) > side else cv2.INTER_CUBIC
    small = cv2.resize(picture, (side, side), interpolation=filtered)
    segmentation = network(checkpoints / SEGMENTATION_FILE)
    segmentation.setInput(cv2.dnn.blobFromImage(small, 1 / 255, (side, side)))
    answer = segmentation.forward().reshape(side, side)
    return np.asarray(np.clip(answer, 0, 1), np.float32)


def _face_region() -> NDArray[np.bool_]:
    """Where the crop puts the face: an ellipse of (256, 256)."""
    centres = (np.arange(SEGMENTATION_SIDE) + 0.5) / SEGMENTATION_SIDE
    across, down = FACE_CENTRE_IN_FRAME
    x, y = (centres - across) / 0.7, centres - down
    return np.hypot(x[None, :], y[:, None]) < FACE_HEIGHT_IN_FRAME / 2


def _cleaned(coarse: Matte) -> Matte:
    """The person at the face's place alone, without the network's small holes and faint shadows; (256, 256)."""
    # 1. Stretch.
    matte = np.clip((coarse - _FAINT) / (_SURE - _FAINT), 0, 1)
    matte = matte * matte * (3 - 2 * matte)

    # 2. Keep what is connected with the face. Label 0 is the background.
    _, labels = cv2.connectedComponents((matte > 0).astype(np.uint8))
    person = np.argmax(np.bincount(labels[_face_region() & (matte > 0.5)], minlength=1))
    matte = np.where(labels == person, matte, 0)

    # 3. Close the small holes. The background at the frame's border is no hole.
    _, labels, numbers, _ = cv2.connectedComponentsWithStats((matte < 0.5).astype(np.uint8))
    for label in range(1, len(numbers)):
        left, top, width, height, area = numbers[label]
        inside = left > 0 and top > 0 and left + width < matte.shape[1] and top + height < matte.shape[0]
        if inside and area < _HOLE * matte.size:
            hole = cv2.dilate((labels == label).astype(np.uint8), np.ones((5, 5), np.uint8))
            matte = np.where(hole > 0, 1, matte)
    return np.asarray(matte, np.float32)


def _refined(picture: Picture, coarse: Matte) -> Matte:
    """The coarse matte at the picture's size, its edge moved to that of the picture."""
    height, width = picture.shape[:2]
    guide = picture.astype(np.float32) / np.float32(255)
    radius = max(2, round(_RADIUS * len(coarse)))
    edge = guided_filter(guide, coarse, radius=radius, epsilon=_EPSILON)
    edge = np.clip((edge - _LOW) / (_HIGH - _LOW), 0, 1)

    # The filter works in the band around the edge; elsewhere the network is right.
    reach = 2 * round(_BAND * len(coarse)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    person = (coarse > 0.5).astype(np.float32)
    limits = np.dstack([cv2.erode(person, kernel), cv2.dilate(person, kernel)])
    softly = (reach // 4) * 2 + 1
    inside, within = np.moveaxis(cv2.resize(cv2.blur(limits, (softly, softly)), (width, height)), -1, 0)
    return np.asarray(np.clip(np.maximum(edge, inside) * within, 0, 1), np.float32)
