"""What the training commands share: their common options and the progress bar."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from portrait.engine.errors import ChoiceError
from portrait.training.perceptual import TORCHVISION

if TYPE_CHECKING:
    from portrait.training.training_loop import Progress


def add_training_arguments(
    parser: ArgumentParser,
    folder: Path | None = None,
    minutes: float | None = None,
    perceptual: str | None = TORCHVISION,
) -> None:
    """--minutes, --device, --threads and --perceptual; with a ``folder`` for the state, --output and --resume.

    ``perceptual``: the default; None where the painter's own small network is.
    """
    default = "" if minutes is None else " (default: %(default)g)"
    parser.add_argument("--minutes", type=float, default=minutes, metavar="N", help=f"of training{default}")
    if folder is not None:
        parser.add_argument(
            "-o", "--output", type=Path, default=folder, metavar="DIR", help="default: %(default)s"
        )
        parser.add_argument("--resume", action="store_true", help="continue the run in the output folder")
    parser.add_argument("--device", default="auto", help="cpu, cuda or auto (default)")
    parser.add_argument("--threads", type=int, default=0, help="of the processor (default: torch's choice)")
    parser.add_argument(
        "--perceptual",
        default=perceptual,
        metavar="FILE",
        help=f"VGG weights as safetensors, or {TORCHVISION}, which downloads them"
        f" (default: {perceptual or 'the small network beside the painter'})",
    )


def start_training(options: dict[str, Any]) -> None:
    """Check the common options and set the number of threads. Raises ChoiceError (``bad_option``)."""
    if options["minutes"] is not None and not options["minutes"] > 0:
        raise ChoiceError("--minutes must be above 0", code="bad_option")
    if options["threads"] < 0:
        raise ChoiceError("--threads must be 0 or more", code="bad_option")
    logging.getLogger("portrait.training").setLevel(logging.INFO)
    from portrait.engine.runtime.threads import limit_threads

    limit_threads(options["threads"])


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A progress bar, on a terminal only; yields the callback for each step's Progress."""
    with tqdm(total=100, bar_format="{desc}{bar}{percentage:4.0f}% {postfix}", disable=None) as bar:

        def show(progress: Progress) -> None:
            bar.set_description_str(f"{progress.stage:<10}")
            bar.n = 100 * progress.fraction
            bar.set_postfix(step=progress.step, **{k: f"{v:.3f}" for k, v in progress.losses.items()})

        yield show
