"""Content photos: face crops and other pictures, and neighbouring frames of clips."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from portrait.engine.errors import NoFaceError
from portrait.engine.photo.crop import FaceBox, crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.landmarks import face_landmarks
from portrait.engine.photo.picture import Picture, centre_square
from portrait.training.errors import TrainingDataError
from portrait.training.image_files import list_images, read_image

HELD_OUT_EVERY = 12  # of the photos by name, every twelfth is held out for validation
FACE_CROP_SIDE = 560  # pixels; above a portrait's 512, so that there is room for random crops
MIN_FACE_HEIGHT = 60  # pixels; the crop of a smaller face would be blurred


@dataclass(frozen=True)
class Photos:
    """Photos, uint8 (H, W, 3): square face crops, and whole pictures without a face.

    ``details``: for each face the middles of its eyes and its mouth, float (3, 2), (x, y) as fractions of the crop;
    None where they were not found.
    """

    faces: list[Picture]
    others: list[Picture]
    details: list[NDArray[np.float64] | None]

    def __len__(self) -> int:
        return len(self.faces) + len(self.others)


def read_photos(folder: Path, cache: Path) -> tuple[Photos, Photos]:
    """The photos of ``folder`` for training and for validation.

    The detected faces are stored in ``cache``, a JSON file, because detection takes about a second for each photo.
    Raises TrainingDataError where there are fewer than two photos.
    """
    paths = list_images(folder)
    if len(paths) < 2:
        raise TrainingDataError(f"{folder}: at least two photos are needed")
    boxes = json.loads(cache.read_text()) if cache.exists() else {}
    training, validation = Photos([], [], []), Photos([], [], [])
    for index, path in enumerate(paths):
        picture = read_image(path)
        if path.name not in boxes:
            boxes[path.name] = _detect_face(picture)
        part = validation if index % HELD_OUT_EVERY == 0 else training
        box = boxes[path.name]
        if box is not None and box["height"] >= MIN_FACE_HEIGHT:
            crop = crop_face(picture, FaceBox(**box), FACE_CROP_SIDE)
            part.faces.append(crop)
            part.details.append(_details(crop))
        else:
            part.others.append(picture)
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps(boxes))
    return training, validation


def _detect_face(picture: Picture) -> dict[str, object] | None:
    try:
        return asdict(find_face(picture))
    except NoFaceError:
        return None


def _details(crop: Picture) -> NDArray[np.float64] | None:
    found = face_landmarks(crop)
    if found is None:
        return None
    return np.stack([points.mean(axis=0) for points in (*found.eyes, found.mouth)])


def read_pairs(folder: Path, side: int = 256) -> list[NDArray[np.uint8]]:
    """Neighbouring frames of clips, uint8 (2, side, side, 3) each: every subfolder has a clip's frames, by name.

    Raises TrainingDataError where there is no such folder or no clip of two frames.
    """
    if not folder.is_dir():
        raise TrainingDataError(f"{folder}: is no folder")
    pairs = []
    for clip in sorted(path for path in folder.iterdir() if path.is_dir()):
        frames = [centre_square(read_image(path), side) for path in list_images(clip)]
        pairs += [np.stack(pair) for pair in pairwise(frames)]
    if not pairs:
        raise TrainingDataError(f"{folder}: has no folder with two frames of a clip")
    return pairs
