"""``manage.py measure_live PHOTO...``: bytes, seconds and errors of live portraits."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from portrait.engine.errors import PhotoError
from portrait.engine.request import DEFAULT_SIZE, SIZES
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand


class Command(EngineCommand):
    help = (
        "Make a live portrait of each photo, and tell its seconds beyond the film, its bytes, and how far its blended"
        " fields are from what the motion model computes for random amplitudes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
        parser.add_argument("--size", type=int, choices=SIZES, default=DEFAULT_SIZE)
        parser.add_argument("--count", type=int, default=16, help="random amplitudes (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        # Imported here: the engine brings torch along, which takes seconds.
        from portrait.engine.photo.choice import LARGEST
        from portrait.engine.photo.decoding import read_photo
        from portrait.engine.pipeline import Engine
        from portrait.tools.live_measure import measure_live

        engine = Engine(engine_options())
        self.stdout.write(
            f"{'photo':<32}{'style':<26}{'s':>7}{'CPU s':>7}{'kB':>5}{'patches':>8}"
            f"{'look':>7}{'95 %':>6}{'all':>7}{'95 %':>6}"
        )
        for number, path in enumerate(options["photos"]):
            try:
                picture = read_photo(path.read_bytes())
            except OSError as error:
                raise PhotoError(f"{path}: {error.strerror}", code="photo_missing") from error
            style = engine.styles[(options["seed"] + number) % len(engine.styles)]
            painted = engine.painted(engine.framed(picture, LARGEST, options["size"]), style)
            found = measure_live(engine.model, painted, count=options["count"], seed=options["seed"])
            errors = "".join(f"{mean:>7.2f}{most:>6.2f}" for mean, most in found.errors.values())
            self.stdout.write(
                f"{path.stem:<32}{style:<26}{found.seconds[0]:>7.2f}{found.seconds[1]:>7.2f}"
                f"{found.bytes / 1000:>5.0f}{found.patches:>8}{errors}"
            )
