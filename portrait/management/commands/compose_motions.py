"""``manage.py compose_motions``: write the shipped motion templates anew from the committed numbers."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from portrait.engine.motions import MOTIONS_DIR, write_motion
from portrait.engine.motions.basis import load_basis
from portrait.engine.motions.compose import PERFORMANCES, compose


class Command(BaseCommand):
    help = "Compose the shipped motion templates from their curves and the learned basis of facial motion."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--folder", type=Path, default=MOTIONS_DIR, help="where to write (default: the catalogue)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        folder.mkdir(parents=True, exist_ok=True)
        basis = load_basis()
        for performance in PERFORMANCES:
            path = folder / f"{performance.name}.npz"
            motion = compose(performance, basis)
            write_motion(path, motion)
            size = path.stat().st_size / 1000
            self.stdout.write(f"{path}: {len(motion)} frames, {motion.seconds:.1f} s, {size:.0f} kB")
