"""Content photos: face crops and other pictures, and random training crops of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from portrait.engine.errors import NoFaceError
from portrait.engine.photo.crop import FACE_CENTRE_IN_FRAME, FACE_HEIGHT_IN_FRAME, FaceBox, crop_face
from portrait.engine.photo.face_detection import find_face
from portrait.engine.photo.picture import Picture
from portrait.training.errors import TrainingDataError
from portrait.training.image_files import list_images, read_image

HELD_OUT_EVERY = 12  # of the photos by name, every twelfth is held out for validation
FACE_CROP_SIDE = 320  # pixels; above the product's 256, so that there is room for random crops
MIN_FACE_HEIGHT = 60  # pixels; the crop of a smaller face would be blurred
FACE_CROP_SHARE = 0.65  # of the training crops
FACE_CROP_SCALES = (0.68, 1.0)  # relative to the stored crop: faces from 126 to 186 pixels high
FACE_ASPECT = 0.75  # width of a face by its height
MASK_STEEPNESS = 8.0


@dataclass(frozen=True)
class Photos:
    """Photos, uint8 (H, W, 3): square face crops, and whole pictures without a face."""

    faces: list[Picture]
    others: list[Picture]

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
    training, validation = Photos([], []), Photos([], [])
    for index, path in enumerate(paths):
        picture = read_image(path)
        if path.name not in boxes:
            boxes[path.name] = _detect_face(picture)
        part = validation if index % HELD_OUT_EVERY == 0 else training
        box = boxes[path.name]
        if box is not None and box["height"] >= MIN_FACE_HEIGHT:
            part.faces.append(crop_face(picture, FaceBox(**box), FACE_CROP_SIDE))
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


def sample_crops(photos: Photos, count: int, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """``count`` random square crops, half of them mirrored, with masks of the face.

    Returns the crops, float32 (B, 3, side, side) in 0..1, and the masks, (B, 1, side, side) in 0..1.
    """

    def uniform() -> float:
        return float(torch.rand((), generator=generator))

    crops, masks = [], []
    for _ in range(count):
        of_face = bool(photos.faces) and (not photos.others or uniform() < FACE_CROP_SHARE)
        source = photos.faces if of_face else photos.others
        picture = source[int(uniform() * len(source))]
        height, width = picture.shape[:2]
        low, high = FACE_CROP_SCALES if of_face else (side / min(height, width), 1.0)
        # A small picture is enlarged to the crop's side: ``low`` is above 1 then.
        scale = low + (max(high, low) - low) * uniform()
        window = min(side / scale, height, width)
        left, top = uniform() * (width - window), uniform() * (height - window)
        box = (left, top, left + window, top + window)
        image = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC, box=box)
        crop = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
        mask = face_mask(height, side, box) if of_face else torch.zeros(1, side, side)
        if uniform() < 0.5:
            crop, mask = crop.flip(2), mask.flip(2)
        crops.append(crop)
        masks.append(mask)
    return torch.stack(crops), torch.stack(masks)


def face_mask(frame: int, side: int, box: tuple[float, float, float, float]) -> Tensor:
    """Soft elliptical mask of the face in a part of a face crop: (1, side, side) in 0..1.

    ``frame``: the side of the crop that ``crop_face`` made; ``box``: left, top, right and bottom of the part in it.
    """
    left, top, right, bottom = box
    centre_x, centre_y = FACE_CENTRE_IN_FRAME
    steps = (torch.arange(side) + 0.5) / side
    x = (left + steps * (right - left)) / frame - centre_x
    y = (top + steps * (bottom - top)) / frame - centre_y
    radius = torch.sqrt((x / FACE_ASPECT)[None, :] ** 2 + y[:, None] ** 2) / (FACE_HEIGHT_IN_FRAME / 2)
    return torch.sigmoid((1.0 - radius) * MASK_STEEPNESS)[None]
