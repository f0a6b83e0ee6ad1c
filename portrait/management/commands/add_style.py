"""``manage.py add_style IMAGE NAME``: add the style of a painting to the painter."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from portrait.engine.errors import CheckpointError, ChoiceError, EngineError
from portrait.engine.motion.template import SLUG
from portrait.engine.style.catalogue import list_styles
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand
from portrait.management.training_command import add_training_arguments, progress_bar, start_training
from portrait.training.errors import TrainingDataError
from portrait.training.image_files import list_images, read_image
from portrait.training.perceptual import FEATURES_FILE, TORCHVISION

# One to train with, one held out.
FEWEST_PHOTOS = 2


def check_needs(options: dict[str, Any], weights: Path) -> None:
    """Look for all that the training needs, before it starts.

    Raises EngineError with everything that is missing, with its code where that is one thing, or ``training_data``.
    """
    found: list[EngineError] = []
    for check in (_name, _pictures, _networks, _places):
        found += check(options, weights)
    if len(found) == 1:
        raise found[0]
    if found:
        raise EngineError("; ".join(fault.detail for fault in found), code="training_data")


def _name(options: dict[str, Any], weights: Path) -> Iterator[EngineError]:
    name: str = options["name"]
    if not SLUG.fullmatch(name):
        yield ChoiceError(f"a style's name is a slug of a-z, 0-9 and hyphens, not {name!r}", code="bad_name")
    try:
        if name in {style.slug for style in list_styles(weights)}:
            yield ChoiceError(f"{weights}: there is a style {name!r} already", code="style_exists")
    except CheckpointError as error:
        yield error


def _pictures(options: dict[str, Any], weights: Path) -> Iterator[EngineError]:
    try:
        read_image(options["image"])
    except TrainingDataError as error:
        yield error
    try:
        if len(list_images(options["content"])) < FEWEST_PHOTOS:
            yield TrainingDataError(f"{options['content']}: at least {FEWEST_PHOTOS} photos are needed")
    except TrainingDataError as error:
        yield error


def _networks(options: dict[str, Any], weights: Path) -> Iterator[EngineError]:
    if not weights.is_file():
        yield CheckpointError(weights, "does not exist")
    perceptual = options["perceptual"] or weights.with_name(FEATURES_FILE)
    if perceptual == TORCHVISION:
        if find_spec(TORCHVISION) is None:
            yield ChoiceError(
                f"{TORCHVISION} is not installed (requirements-train.txt); or name a file of VGG weights with"
                " --perceptual",
                code="torchvision_missing",
            )
    elif not Path(perceptual).is_file():
        yield CheckpointError(Path(perceptual), "does not exist")


def _places(options: dict[str, Any], weights: Path) -> Iterator[EngineError]:
    """Whether the painter, and the sheet, can be written when hours of work are to be kept."""
    sheet: Path | None = options["sheet"]
    for folder in {weights.parent, *([sheet.parent] if sheet else [])}:
        nearest = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        if not nearest.is_dir() or not os.access(nearest, os.W_OK):
            yield EngineError(f"{folder}: cannot be written", code="storage_unavailable")


class Command(EngineCommand):
    help = (
        "Add the style of a painting to the painter, in minutes: only the new style's vectors are trained, the others"
        " do not change. Run `manage.py checkpoints record` and `manage.py make_previews` afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("image", type=Path, metavar="IMAGE", help="a picture of the painting")
        parser.add_argument("name", metavar="NAME", help="a slug of a-z, 0-9 and hyphens, such as the-kiss")
        parser.add_argument(
            "--content", type=Path, required=True, metavar="DIR", help="photos, best of faces"
        )
        parser.add_argument("--title", help="of the painting, in English (default: from the name)")
        parser.add_argument("--title-ko", help="in Korean (default: as in English)")
        parser.add_argument("--painter", default="", help="who painted it, in English")
        parser.add_argument("--painter-ko", help="in Korean (default: as in English)")
        parser.add_argument("--year", default="", help="such as 1889 or 'c. 1831'")
        parser.add_argument(
            "--weights", type=Path, metavar="FILE", help="the painter to extend (default: the setting's)"
        )
        parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw photos painted in the new style")
        add_training_arguments(parser, minutes=1.2, perceptual=None)

    def handle(self, *args: Any, **options: Any) -> None:
        weights: Path = options["weights"] or engine_options().painter_file
        check_needs(options, weights)
        start_training(options)
        # Imported here: torch takes seconds to import, and the checks above do not need it.
        from portrait.engine.style.catalogue import Style
        from portrait.training.style.add_style import append_style, fit_style

        title = options["title"] or options["name"].replace("-", " ").capitalize()
        painter = options["painter"]
        style = Style(
            slug=options["name"],
            title={"en": title, "ko": options["title_ko"] or title},
            painter={"en": painter, "ko": options["painter_ko"] or painter},
            year=options["year"],
        )
        with progress_bar() as show:
            fitted = fit_style(
                options["image"],
                style,
                weights,
                options["content"],
                perceptual=options["perceptual"],
                minutes=options["minutes"],
                device=options["device"],
                sheet=options["sheet"],
                on_progress=show,
            )
        append_style(fitted.row, weights)
        text = ", ".join(f"{name} {value:.3f}" for name, value in fitted.metrics.items())
        self.stdout.write(f"{weights}: {style.slug} added ({text})")
