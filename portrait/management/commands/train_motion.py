"""``manage.py train_motion``: train the motion network on clips of faces."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from portrait.management.engine_command import EngineCommand
from portrait.management.training_command import add_training_arguments, progress_bar, start_training


class Command(EngineCommand):
    help = (
        "Train the motion network, stage by stage: keypoints, dense motion, generator. Can be interrupted at any"
        " time; --resume continues. Sheets (PNG) and losses (jsonl) are written beside the weights."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--data",
            type=Path,
            required=True,
            metavar="DIR",
            help="folders of frames or videos; landmarks.npz",
        )
        parser.add_argument(
            "--config", type=Path, metavar="YAML", help="sizes and plan (default: as shipped)"
        )
        add_training_arguments(parser, Path("training/motion"))

    def handle(self, *args: Any, **options: Any) -> None:
        start_training(options)
        # Imported here: torch takes seconds to import, and the checks above do not need it.
        from portrait.training.motion.train_motion import CONFIG, train_motion

        with progress_bar() as show:
            weights = train_motion(
                options["data"],
                options["output"],
                perceptual=options["perceptual"],
                config=options["config"] or CONFIG,
                minutes=options["minutes"],
                resume=options["resume"],
                device=options["device"],
                on_progress=show,
            )
        self.stdout.write(str(weights))
