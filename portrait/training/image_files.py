"""Reading the image files of a training folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from portrait.engine.photo.picture import Picture
from portrait.training.errors import TrainingDataError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def list_images(folder: Path) -> list[Path]:
    """The image files of a folder, by name. Raises TrainingDataError where there is no such folder."""
    if not folder.is_dir():
        raise TrainingDataError(f"{folder}: is no folder")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def read_image(path: Path) -> Picture:
    """uint8 (H, W, 3), RGB. Raises TrainingDataError for a file that cannot be decoded."""
    try:
        with Image.open(path) as image:
            picture: Picture = np.array(image.convert("RGB"))
            return picture
    except (OSError, Image.DecompressionBombError) as error:
        raise TrainingDataError(f"{path}: is no picture that can be read ({error})") from error
