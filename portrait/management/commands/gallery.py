"""``manage.py gallery``: the pictures of all styles on several faces, and of both orders, for the documentation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand, write_result


class Command(EngineCommand):
    help = "Draw all styles on several faces of scikit-image's astronaut, and both orders, after new weights."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "-o",
            "--output",
            type=Path,
            metavar="PNG",
            default=settings.BASE_DIR / "docs" / "gallery.png",
            help="where to write (default: docs/gallery.png); orders.webp is written beside it",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Imported here: torch takes seconds to import, and --help does not need it.
        from portrait.engine.pipeline import Engine
        from portrait.tools.gallery import gallery, orders_sheet
        from portrait.tools.sheet_drawing import sample_photo

        engine = Engine(engine_options())
        photo, output = sample_photo(), options["output"]
        self.stdout.write(write_result(output, gallery(engine, photo)))
        self.stdout.write(write_result(output.with_name("orders.webp"), orders_sheet(engine, photo)))
