"""Comparison of several painters, style by style: the table of the model card."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from portrait.engine.errors import ChoiceError
from portrait.engine.options import EngineOptions
from portrait.engine.photo.picture import centre_square
from portrait.engine.pipeline import Engine
from portrait.engine.request import DEFAULT_SIZE
from portrait.training.errors import TrainingDataError
from portrait.training.image_grids import evenly_spaced
from portrait.training.style.evaluation import mean_over_styles, model_size, moving_metrics, still_metrics
from portrait.training.style.objective import TAPS
from portrait.training.style.paintings import list_paintings, painting_grams
from portrait.training.style.photos import read_photos
from portrait.training.vgg_features import VGGFeatures

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
    size: int = DEFAULT_SIZE,
    faces: Path | None = None,
) -> dict[str, Table]:
    """A table for each painter of ``files``: a row of metrics for each style, and their "mean".

    The metrics are ``content``, the taps' Gram distances and ``grain`` on held-out photos of faces; flicker, flicker
    of the background, sharpness and seconds of a clip before it is painted and in each order of painting; ``gflop``
    and ``millions`` of parameters.

    Args:
        files: weights by name.
        content: the folder of photos, as for training.
        styles: the folder of paintings, as for training.
        perceptual: a VGG-16's safetensors, or "torchvision".
        only: slugs of the styles (default: all that a painter knows).
        photos: how many held-out photos are painted.
        portraits: how many of them are animated, with ``motion``.
        size: of the photos in pixels.
        faces: the cache of ``read_photos``.

    Raises TrainingDataError, CheckpointError, ChoiceError (``unknown_style`` where a painter knows none of ``only``).
    """
    with tempfile.TemporaryDirectory() as scratch:
        _, validation = read_photos(content, faces or Path(scratch) / "faces.json")
    if not validation.faces:
        raise TrainingDataError(f"{content}: no photo that is held out shows a face")
    chosen = [validation.faces[index] for index in evenly_spaced(len(validation.faces), photos)]
    pictures = [centre_square(face, size) for face in chosen]
    sources = pictures[:portraits]
    vgg = VGGFeatures.load(perceptual, TAPS)
    report: dict[str, Table] = {}
    for name, path in files.items():
        engine = Engine(replace(options, painter=path, device="cpu"))
        slugs = [slug for slug in only or engine.styles if slug in engine.styles]
        if not slugs:
            raise ChoiceError(f"{path} knows none of {', '.join(only or ())}", code="unknown_style")
        template = engine.motion(motion)
        table: Table = {}
        for painting in list_paintings(styles, slugs):
            slug = painting.style.slug
            row = still_metrics(engine.painter, slug, pictures, painting_grams(painting.path, vgg, size), vgg)
            moving = moving_metrics(engine, slug, sources, template)
            row |= {
                f"{way}, {column}": value for way, ways in moving.items() for column, value in ways.items()
            }
            table[slug] = row | model_size(engine.painter)
        report[name] = {"mean": mean_over_styles(table), **table}
    return report
