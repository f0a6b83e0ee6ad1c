"""``manage.py train_motion``: train the motion network on clips of faces."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from portrait.engine.errors import ChoiceError
from portrait.management.engine_command import EngineCommand

if TYPE_CHECKING:
    from portrait.engine.training.loop import Progress


class Command(EngineCommand):
    help = (
        "Train the motion network, stage by stage: keypoints, dense motion, generator. Can be killed at any moment;"
        " --resume goes on. Sheets (PNG) and losses (jsonl) lie beside the weights."
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
            "-o",
            "--output",
            type=Path,
            default=Path("training/motion"),
            metavar="DIR",
            help="default: %(default)s",
        )
        parser.add_argument("--minutes", type=float, metavar="N", help="of training, all stages together")
        parser.add_argument("--resume", action="store_true", help="go on with the run in the output folder")
        parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")
        parser.add_argument(
            "--threads", type=int, default=0, help="of the processor (default: torch's choice)"
        )
        parser.add_argument(
            "--perceptual",
            default="torchvision",
            metavar="FILE",
            help="VGG weights as safetensors, or torchvision (default), which downloads them",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        minutes: float | None = options["minutes"]
        if minutes is not None and not minutes > 0:
            raise ChoiceError("--minutes must be above 0", code="bad_option")
        if options["threads"] < 0:
            raise ChoiceError("--threads must be 0 or more", code="bad_option")
        # Imported here: torch takes seconds to start, and what was refused above needs none of it.
        import torch

        from portrait.engine.training.motion import CONFIG, train_motion

        logging.getLogger("portrait.engine.training").setLevel(logging.INFO)
        if options["threads"]:
            torch.set_num_threads(options["threads"])
        # disable=None: a bar in a terminal, nothing in a file.
        with tqdm(total=100, bar_format="{desc}{bar}{percentage:4.0f}% {postfix}", disable=None) as bar:

            def show(progress: Progress) -> None:
                bar.set_description_str(f"{progress.stage:<10}")
                bar.n = 100 * progress.fraction
                bar.set_postfix(step=progress.step, **{k: f"{v:.3f}" for k, v in progress.losses.items()})

            weights = train_motion(
                options["data"],
                options["output"],
                perceptual=options["perceptual"],
                config=options["config"] or CONFIG,
                minutes=minutes,
                resume=options["resume"],
                device=options["device"],
                on_progress=show,
            )
        self.stdout.write(str(weights))
