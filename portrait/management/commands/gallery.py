"""``manage.py gallery``: the picture of all styles on several faces, for the documentation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand, write_result


class Command(EngineCommand):
    help = "Draw all styles on several faces of scikit-image's astronaut: after new styles or new weights."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "-o",
            "--output",
            type=Path,
            metavar="PNG",
            default=settings.BASE_DIR / "docs" / "gallery.png",
            help="where to write (default: docs/gallery.png)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Imported here: torch takes seconds to start, and --help needs none of it.
        from portrait.engine.pipeline import Engine
        from portrait.engine.sheets import gallery, sample_photo

        engine = Engine(engine_options())
        self.stdout.write(write_result(options["output"], gallery(engine, sample_photo())))
