"""``manage.py benchmark_player``: frames a second of live portraits in Chromium without a GPU."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from demo.browser import NoBrowser, chromium
from demo.player_benchmark import CASES, measure


class Command(BaseCommand):
    help = (
        "Show 1, 10 and 30 live portraits in Chromium, which draws them without a GPU, and tell the frames a second,"
        " the milliseconds of the processor for a frame, and how many pixels are drawn: as they move by themselves,"
        " and with all of them following a pointer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
        parser.add_argument(
            "--web",
            type=Path,
            nargs="+",
            default=[Path(settings.BASE_DIR) / "web"],
            metavar="FOLDER",
            help="the web/ folders of other versions, measured in turns",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["seconds"] > 0:
            raise CommandError("--seconds: more than 0", returncode=2)
        self.stdout.write(
            f"{'portraits':>9}{'side':>6}  {'they':<10}{'frames/s':>9}{'CPU ms':>8}{'pixels':>8}"
        )
        try:
            with chromium() as browser:
                for count, side in CASES:
                    for followed in (False, True):
                        for web in options["web"]:
                            played = measure(
                                browser, web, count, side, seconds=options["seconds"], followed=followed
                            )
                            self.stdout.write(
                                f"{count:>9}{side:>6}  {'follow' if followed else 'move':<10}{played.frames:>9.1f}"
                                f"{played.cpu * 1000:>8.1f}{played.scale:>8.2f}"
                                f"{f'  {web}' if len(options['web']) > 1 else ''}"
                            )
        except NoBrowser as error:
            raise CommandError(str(error)) from error
