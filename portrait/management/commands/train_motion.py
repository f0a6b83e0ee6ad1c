"""``manage.py train_motion``: train the motion network on clips of faces."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from portrait.engine.errors import ChoiceError
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
        parser.add_argument(
            "--start",
            type=Path,
            metavar="YAML",
            help="refine these weights, beside their yaml, in one stage, which is made for a GPU",
        )
        parser.add_argument(
            "--photos", type=Path, metavar="DIR", help="with --start: photos of more faces, to be rendered"
        )
        add_training_arguments(parser, Path("training/motion"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["photos"] is not None and options["start"] is None:
            raise ChoiceError("--photos needs --start", code="bad_option")
        start_training(options)
        # Imported here: torch takes seconds to import, and the checks above do not need it.
        from portrait.training.motion.refine_motion import refine_motion
        from portrait.training.motion.train_motion import CONFIG, train_motion

        with progress_bar() as show:
            plan = {
                "perceptual": options["perceptual"],
                "config": options["config"] or CONFIG,
                "minutes": options["minutes"],
                "resume": options["resume"],
                "device": options["device"],
                "on_progress": show,
            }
            if options["start"] is None:
                weights = train_motion(options["data"], options["output"], **plan)
            else:
                plan |= {"start": options["start"], "photos": options["photos"]}
                weights = refine_motion(options["data"], options["output"], **plan)
        self.stdout.write(str(weights))
