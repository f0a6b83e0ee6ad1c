"""``manage.py contact_sheets``: each motion's frames at three strengths, for the documentation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand, write_result


class Command(EngineCommand):
    help = (
        "Draw a contact sheet of each motion on scikit-image's astronaut: after new motions or new weights."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="MOTION", help="only these")
        parser.add_argument(
            "--folder",
            type=Path,
            default=settings.BASE_DIR / "docs" / "motions",
            help="where to write (default: docs/motions)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Imported here: torch takes seconds to import, and --help does not need it.
        from portrait.engine.pipeline import Engine
        from portrait.tools.contact_sheets import contact_sheet
        from portrait.tools.sheet_drawing import sample_photo

        engine = Engine(engine_options())
        photo = sample_photo()
        for name in options["names"] or engine.motions:
            self.stdout.write(
                write_result(options["folder"] / f"{name}.webp", contact_sheet(engine, photo, name))
            )
