"""Paintings to train styles on: their catalogue entries, contrast and Gram matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.errors import CheckpointError
from portrait.engine.motion.template import SLUG
from portrait.engine.photo.crop import CROP_SIZE
from portrait.engine.style.catalogue import Style, read_style
from portrait.engine.style.tone import LUMA, luma_deviation
from portrait.training.errors import TrainingDataError
from portrait.training.image_files import list_images, read_image
from portrait.training.image_grids import to_float_images
from portrait.training.style.losses import gram_matrix
from portrait.training.style.recipe import Recipe
from portrait.training.vgg_features import VGGFeatures

PAINTINGS_FILE = Path(__file__).parent / "paintings.yaml"
# Gram matrices are averaged over several sizes: large shapes and brush strokes. Shorter side in pixels, beside a
# portrait of ``CROP_SIZE``.
PAINTING_SIDES = (320, 512)
MAX_PAINTING_ASPECT = 3.0  # longer side by shorter side; a longer painting is cropped


@dataclass(frozen=True)
class Painting:
    """A painting to train a style on, with the style's entry in the catalogue."""

    style: Style
    path: Path


def list_paintings(
    folder: Path, only: Iterable[str] | None = None, catalogue: Path = PAINTINGS_FILE
) -> list[Painting]:
    """The paintings of a folder in the order of ``only`` (slugs), or of the catalogue with unlisted ones at the end.

    Raises TrainingDataError where there is none, or none of a slug in ``only``.
    """
    entries = _read_catalogue(catalogue)
    order = {stem: position for position, stem in enumerate(entries)}
    paths = sorted(list_images(folder), key=lambda path: (order.get(path.stem, len(order)), path.name))
    paintings = [Painting(entries.get(path.stem) or style_from_file_name(path), path) for path in paths]
    if not paintings:
        raise TrainingDataError(f"{folder}: there is no picture of a painting")
    slugs = [painting.style.slug for painting in paintings]
    for painting in paintings:
        if not SLUG.fullmatch(painting.style.slug) or slugs.count(painting.style.slug) > 1:
            raise TrainingDataError(f"{painting.path}: its name must be letters, digits, _ and -, once")
    if only is None:
        return paintings
    for slug in only:
        if slug not in slugs:
            raise TrainingDataError(f"{folder}: no painting is called {slug!r}; there are {', '.join(slugs)}")
    return [paintings[slugs.index(slug)] for slug in only]


def _read_catalogue(path: Path) -> dict[str, Style]:
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CheckpointError(path, f"cannot be read ({' '.join(str(error).split())})") from error
    if not isinstance(entries, dict):
        raise CheckpointError(path, "is no list of paintings by their file names")
    return {stem: read_style(path, entry) for stem, entry in entries.items()}


def style_from_file_name(path: Path) -> Style:
    """The catalogue entry of a painting that is not listed: its titles are made from the file's name."""
    slug = path.stem.replace("_", "-").lower()
    title = slug.replace("-", " ").capitalize()
    return Style(slug=slug, title={"en": title, "ko": title}, painter={}, year="")


def with_contrast(style: Style, path: Path) -> Style:
    """``style`` with the contrast of the painting at ``path``, measured at the size of a portrait."""
    image = Image.fromarray(read_image(path))
    image.thumbnail((PAINTING_SIDES[0],) * 2, Image.Resampling.LANCZOS)
    return replace(style, contrast=round(luma_deviation(np.asarray(image)), 3))


def shown_paintings(path: Path, sides: Iterable[int], *, grey: bool = False) -> list[NDArray[np.uint8]]:
    """The painting with its shorter side at each of ``sides``, uint8 (H, W, 3); sharpened where it is enlarged.

    ``grey``: without its colours, their brightness kept.
    """
    image = Image.fromarray(read_image(path))
    longest = round(min(image.size) * MAX_PAINTING_ASPECT)
    image = image.crop((0, 0, min(image.width, longest), min(image.height, longest)))
    shown = []
    for side in sides:
        scale = side / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        resized = image.resize(size, Image.Resampling.LANCZOS)
        if scale > 1:
            resized = resized.filter(ImageFilter.UnsharpMask(scale, 80, 2))
        pixels = np.array(resized)
        if grey:
            pixels = np.rint((pixels @ LUMA)[..., None].repeat(3, 2)).astype(np.uint8)
        shown.append(pixels)
    return shown


def grams_at_two_sizes(
    path: Path, recipe: Recipe, extract: Callable[[Tensor], list[Tensor]], device: torch.device
) -> tuple[list[Tensor], list[Tensor]]:
    """The mean Gram matrix of each tap over a painting at the recipe's sizes, and over the same at half the size.

    ``extract``: from float (1, 3, H, W) in 0..1 to features; the matrices are (C, C) each.
    """
    levels: tuple[list[list[Tensor]], list[list[Tensor]]] = ([], [])
    for pixels in shown_paintings(path, recipe.sides, grey=recipe.own_colours):
        images = to_float_images(pixels[None]).to(device)
        for level, shown in zip(levels, (images, F.avg_pool2d(images, 2)), strict=True):
            with torch.no_grad():
                level.append([gram_matrix(layer)[0] for layer in extract(shown)])
    full, half = ([torch.stack(layer).mean(0) for layer in zip(*level, strict=True)] for level in levels)
    return full, half


def painting_grams(path: Path, vgg: VGGFeatures, portrait: int = CROP_SIZE) -> list[Tensor]:
    """The mean Gram matrix of each tap over the painting at ``PAINTING_SIDES``: (C, C) each.

    ``portrait``: the side of the portraits that it is compared with, in pixels; the painting is shown in proportion.
    """
    image = Image.fromarray(read_image(path))
    longest = round(min(image.size) * MAX_PAINTING_ASPECT)
    image = image.crop((0, 0, min(image.width, longest), min(image.height, longest)))
    grams = []
    for side in PAINTING_SIDES:
        scale = side * portrait / CROP_SIZE / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        pixels = np.array(image.resize(size, Image.Resampling.LANCZOS))
        with torch.no_grad():
            features = vgg.extract(to_float_images(pixels[None]).to(vgg.mean.device))
        grams.append([gram_matrix(layer)[0] for layer in features])
    return [torch.stack(layer).mean(0) for layer in zip(*grams, strict=True)]
