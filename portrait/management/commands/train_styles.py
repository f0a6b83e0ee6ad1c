"""``manage.py train_styles``: train the painter on photos and paintings."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from portrait.management.engine_command import EngineCommand
from portrait.management.training_command import add_training_arguments, progress_bar, start_training


class Command(EngineCommand):
    help = (
        "Train the painter: one network, and a pair of vectors for each painting. Can be interrupted at any time;"
        " --resume continues. A sheet (PNG) and losses (jsonl) are written beside the weights."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--content", type=Path, required=True, metavar="DIR", help="photos, many of them of faces"
        )
        parser.add_argument("--styles", type=Path, required=True, metavar="DIR", help="pictures of paintings")
        parser.add_argument(
            "--only", type=_slugs, metavar="SLUGS", help="learn only these, such as starry-night,great-wave"
        )
        parser.add_argument(
            "--keep", type=_slugs, metavar="SLUGS", help="write only these of the learned ones, in this order"
        )
        parser.add_argument(
            "--clips", type=Path, metavar="DIR", help="folders of frames of clips, for stability in motion"
        )
        add_training_arguments(parser, Path("training/painter"))

    def handle(self, *args: Any, **options: Any) -> None:
        start_training(options)
        # Imported here: torch takes seconds to import, and the checks above do not need it.
        from portrait.training.style.train_styles import train_styles

        with progress_bar() as show:
            weights = train_styles(
                options["content"],
                options["styles"],
                options["output"],
                perceptual=options["perceptual"],
                only=options["only"],
                keep=options["keep"],
                minutes=options["minutes"],
                resume=options["resume"],
                clips=options["clips"],
                device=options["device"],
                on_progress=show,
            )
        self.stdout.write(str(weights))


def _slugs(text: str) -> list[str]:
    return [slug for slug in text.split(",") if slug]
