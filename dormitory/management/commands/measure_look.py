"""``manage.py measure_look``: how steady readings of pictures are, and whether houses depend on skin."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Measure the sorting's look on a folder of portraits: what mirrored, cropped, brighter, darker and compressed"
        " copies change, and the houses' shares of light and of dark skin."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--portraits", default="portrait_*", metavar="GLOB", help="(default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        # Imported here: OpenCV is of no use to other commands.
        from dormitory.look.measuring import changes, look_at, shares
        from portrait.engine.errors import EngineError
        from portrait.engine.photo.decoding import read_photo

        files = sorted(options["folder"].glob(options["portraits"]))
        if not files:
            raise CommandError(
                f"{options['folder']} has no pictures called {options['portraits']}", returncode=2
            )
        try:
            people = look_at(files)
            changed = changes(read_photo(path.read_bytes()) for path in files)
        except EngineError as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write("median and 95th percentile of a reading's change")
        for feature, by_copy in changed.items():
            told = "  ".join(f"{what} {median:.3f} {most:.3f}" for what, (median, most) in by_copy.items())
            self.stdout.write(f"  {feature:<15}{told}")
        for part in (1 / 2, 1 / 4):
            found = shares(people, part)
            self.stdout.write(f"the darkest and the lightest {found.people} of {len(people)}")
            for name, group in (("dark", found.dark), ("light", found.light)):
                told = "  ".join(f"{symbol} {share:.3f}" for symbol, share in group.items())
                self.stdout.write(f"  {name:<6}{told}")
            self.stdout.write(
                f"  difference {found.difference:.3f}, by chance as large in {found.chance:.0%}"
            )
