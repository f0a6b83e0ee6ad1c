"""Several painters beside each other, style by style."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from portrait.engine.errors import ChoiceError
from portrait.engine.fomm import load_model
from portrait.engine.motion import load_motion
from portrait.engine.options import EngineOptions
from portrait.engine.photo.face import CROP_SIZE
from portrait.engine.photo.reading import Picture
from portrait.engine.style import load_style
from portrait.training.clips import TrainingDataError
from portrait.training.perceptual import Perceptual
from portrait.training.style_data import list_paintings, painting_grams, read_photos
from portrait.training.style_measure import mean_over_styles, moving_numbers, size_numbers, still_numbers
from portrait.training.styles import TAPS
from portrait.training.validation_sheets import spread

Table = dict[str, dict[str, float]]


def measure_painters(
    files: Mapping[str, Path],
    content: Path,
    styles: Path,
    options: EngineOptions,
    *,
    perceptual: Path | str,
    only: Sequence[str] | None = None,
    photos: int = 8,
    portraits: int = 3,
    motion: str = "nod",
    faces: Path | None = None,
) -> dict[str, Table]:
    """A table for each painter of ``files``: a row of numbers for each style, and their "mean".

    Judged on ``photos`` of the photos of faces in ``content`` that are never trained on, and on the first
    ``portraits`` of them performing ``motion``. Columns: ``content``, the taps' Gram distances, for each way to make
    a portrait its flicker and seconds, ``gflop``, ``millions``. ``only``: slugs of the styles (default: each
    painter's own); ``faces``: the cache of ``read_photos``.

    Raises TrainingDataError, CheckpointError, ChoiceError (``unknown_style`` where a painter knows none of them).
    """
    with tempfile.TemporaryDirectory() as scratch:
        _, judging = read_photos(content, faces or Path(scratch) / "faces.json")
    if not judging.faces:
        raise TrainingDataError(f"{content}: no photo that is held out shows a face")
    side = (CROP_SIZE, CROP_SIZE)
    pictures = [_resized(judging.faces[index], side) for index in spread(len(judging.faces), photos)]
    features = Perceptual.load(perceptual, TAPS)
    model = load_model(*options.motion_files, device="cpu", precision=options.precision)
    performance = load_motion(motion, options.motions)
    report: dict[str, Table] = {}
    for name, path in files.items():
        painter = load_style(path, precision=options.precision)
        known = [style.slug for style in painter.styles]
        slugs = [slug for slug in only or known if slug in known]
        if not slugs:
            raise ChoiceError(f"{path} knows none of {', '.join(only or ())}", code="unknown_style")
        table: Table = {}
        for painting in list_paintings(styles, slugs):
            slug = painting.style.slug
            row = still_numbers(painter, slug, pictures, painting_grams(painting.path, features), features)
            moving = moving_numbers(painter, slug, model, pictures[:portraits], performance)
            row |= {
                f"{way}, {column}": value for way, ways in moving.items() for column, value in ways.items()
            }
            table[slug] = row | size_numbers(painter)
        report[name] = {"mean": mean_over_styles(table), **table}
    return report


def _resized(picture: Picture, side: tuple[int, int]) -> Picture:
    return np.array(Image.fromarray(picture).resize(side, Image.Resampling.LANCZOS))
