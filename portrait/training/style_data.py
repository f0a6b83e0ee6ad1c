"""What the painter learns from: photos, with the faces in them, and paintings, as targets of Gram matrices."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import yaml
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from portrait.engine.errors import CheckpointError, NoFaceError
from portrait.engine.motion.template import SLUG
from portrait.engine.photo.face import (
    FACE_CENTRE_IN_FRAME,
    FACE_HEIGHT_IN_FRAME,
    FaceBox,
    crop_face,
    find_face,
)
from portrait.engine.photo.reading import Picture
from portrait.engine.style.catalogue import Style, read_style
from portrait.engine.style.tone import luma_deviation
from portrait.training.clips import TrainingDataError
from portrait.training.perceptual import Perceptual
from portrait.training.style_losses import gram

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
CATALOGUE = Path(__file__).parent / "paintings.yaml"
HELD_OUT_EVERY = 12  # of the photos in the order of their names, one is judged by and never trained on
STORED_FACE = 320  # pixels of a face's crop: what the product shows at 256, with room to cut
SMALLEST_FACE = 60  # pixels; a smaller one would be more blur than face
FACES_DRAWN = 0.65  # of the training crops show a face as the product crops it
SCALES = (0.68, 1.0)  # of a stored crop that a training crop is taken from: faces from 126 to 186 pixels
# A style is what a painting has in common at several sizes: its forms, and its strokes. Shorter side in pixels.
PAINTING_SIDES = (320, 512)
LARGEST_PAINTING = 3.0  # longer side by shorter side; what is longer is cut to it


@dataclass(frozen=True)
class Photos:
    """Photos of one purpose, uint8 (H, W, 3): square crops of faces, and whole pictures without one."""

    faces: list[Picture]
    others: list[Picture]

    def __len__(self) -> int:
        return len(self.faces) + len(self.others)


def read_photos(folder: Path, cache: Path) -> tuple[Photos, Photos]:
    """The photos of ``folder`` for training and for judging.

    Where the faces are is kept in ``cache``, a JSON file: the search takes a second a photo. Raises
    TrainingDataError where there are fewer than two photos.
    """
    paths = _pictures(folder)
    if len(paths) < 2:
        raise TrainingDataError(f"{folder}: at least two photos are needed")
    known = json.loads(cache.read_text()) if cache.exists() else {}
    parts = (Photos([], []), Photos([], []))
    for index, path in enumerate(paths):
        picture = read_picture(path)
        if path.name not in known:
            known[path.name] = _face(picture)
        held_out = index % HELD_OUT_EVERY == 0
        box = known[path.name]
        if box is not None and box["height"] >= SMALLEST_FACE:
            parts[held_out].faces.append(crop_face(picture, FaceBox(**box), STORED_FACE))
        else:
            parts[held_out].others.append(picture)
    cache.parent.mkdir(parents=True, exist_ok=True)
    cache.write_text(json.dumps(known))
    return parts


def _face(picture: Picture) -> dict[str, object] | None:
    try:
        return asdict(find_face(picture))
    except NoFaceError:
        return None


def draw_crops(photos: Photos, count: int, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """``count`` random squares: float32 (B, 3, side, side), and where a face is, (B, 1, side, side), both in 0..1."""

    def chance() -> float:
        return float(torch.rand((), generator=generator))

    crops, masks = [], []
    for _ in range(count):
        of_face = bool(photos.faces) and (not photos.others or chance() < FACES_DRAWN)
        source = photos.faces if of_face else photos.others
        picture = source[int(chance() * len(source))]
        height, width = picture.shape[:2]
        low, high = SCALES if of_face else (side / min(height, width), 1.0)
        # As many pixels of the source as a crop is to show, and at least as many as it has.
        scale = low + (max(high, low) - low) * chance()
        window = min(side / scale, height, width)
        left, top = chance() * (width - window), chance() * (height - window)
        box = (left, top, left + window, top + window)
        image = Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC, box=box)
        crop = torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 255
        mask = face_mask(height, side, box) if of_face else torch.zeros(1, side, side)
        if chance() < 0.5:
            crop, mask = crop.flip(2), mask.flip(2)
        crops.append(crop)
        masks.append(mask)
    return torch.stack(crops), torch.stack(masks)


def face_mask(frame: int, side: int, box: tuple[float, float, float, float]) -> Tensor:
    """Where the face is in ``box`` of a frame that ``crop_face`` cut: (1, side, side), 1 inside, softly to 0."""
    left, top, right, bottom = box
    across, down = FACE_CENTRE_IN_FRAME
    step = (torch.arange(side) + 0.5) / side
    x = (left + step * (right - left)) / frame - across
    y = (top + step * (bottom - top)) / frame - down
    # A face is about three quarters as wide as high.
    radius = torch.sqrt((x / 0.75)[None, :] ** 2 + y[:, None] ** 2) / (FACE_HEIGHT_IN_FRAME / 2)
    return torch.sigmoid((1.0 - radius) * 8)[None]


@dataclass(frozen=True)
class Painting:
    """A painting to learn from: what it is called, and its picture."""

    style: Style
    path: Path


def list_paintings(
    folder: Path, only: Iterable[str] | None = None, catalogue: Path = CATALOGUE
) -> list[Painting]:
    """The paintings of a folder, in the order of ``only`` (slugs) or of the catalogue, others behind it.

    Raises TrainingDataError where there is none, or none of a slug in ``only``.
    """
    entries = _read_catalogue(catalogue)
    order = {stem: place for place, stem in enumerate(entries)}
    paths = sorted(_pictures(folder), key=lambda path: (order.get(path.stem, len(order)), path.name))
    paintings = [Painting(entries.get(path.stem) or unknown_style(path), path) for path in paths]
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


def unknown_style(path: Path) -> Style:
    """What a painting is called of which only the file's name is known."""
    slug = path.stem.replace("_", "-").lower()
    title = slug.replace("-", " ").capitalize()
    return Style(slug=slug, title={"en": title, "ko": title}, painter={}, year="")


def with_contrast(style: Style, path: Path) -> Style:
    """``style`` with the contrast of the painting at ``path``, seen as small as portraits are."""
    image = Image.fromarray(read_picture(path))
    image.thumbnail((PAINTING_SIDES[0],) * 2, Image.Resampling.LANCZOS)
    return replace(style, contrast=round(luma_deviation(np.asarray(image)), 3))


def painting_grams(path: Path, features: Perceptual) -> list[Tensor]:
    """The mean Gram matrix of each tap, over the painting at ``PAINTING_SIDES``: (C, C) each."""
    image = Image.fromarray(read_picture(path))
    longest = round(min(image.size) * LARGEST_PAINTING)
    image = image.crop((0, 0, min(image.width, longest), min(image.height, longest)))
    found = []
    for side in PAINTING_SIDES:
        scale = side / min(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        pixels = torch.from_numpy(np.array(image.resize(size, Image.Resampling.LANCZOS)))
        picture = (pixels.permute(2, 0, 1).float() / 255)[None].to(features.mean.device)
        with torch.no_grad():
            found.append([gram(layer)[0] for layer in features.features(picture)])
    return [torch.stack(layer).mean(0) for layer in zip(*found, strict=True)]


def sample(picture: Picture, side: int) -> Tensor:
    """The middle square of a picture: float32 (3, side, side) in 0..1."""
    pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1).float() / 255
    short = min(pixels.shape[1:])
    top, left = (pixels.shape[1] - short) // 2, (pixels.shape[2] - short) // 2
    square = pixels[None, :, top : top + short, left : left + short]
    return F.interpolate(square, (side, side), mode="bilinear", antialias=True, align_corners=False)[0]


def read_picture(path: Path) -> Picture:
    """uint8 (H, W, 3), RGB. Raises TrainingDataError."""
    try:
        with Image.open(path) as image:
            picture: Picture = np.array(image.convert("RGB"))
            return picture
    except (OSError, Image.DecompressionBombError) as error:
        raise TrainingDataError(f"{path}: is no picture that can be read ({error})") from error


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise TrainingDataError(f"{folder}: is no folder")
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
