"""``manage.py measure_player PHOTO...``: how near the player's frames are to the engine's."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from PIL import Image

from demo.browser import NoBrowser, chromium
from demo.player_page import PlayerPage
from portrait.engine.errors import EngineError, PhotoError
from portrait.engine.live.poses import Amplitudes
from portrait.engine.request import DEFAULT_SIZE, SIZES
from portrait.engine_options import engine_options

# Decibels. Below, the difference is seen where both pictures are shown in turns.
ENOUGH = 30
# Random moments that are told.
WORST = 12


class Command(BaseCommand):
    help = (
        "Make a live portrait of each photo, let Chromium draw it for a fixed list of amplitudes, and tell the peak"
        " signal-to-noise ratio beside the engine's frames for them, on the person, in decibels. Then the same for"
        " amplitudes of random moments of what the player does by itself and when it is asked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
        parser.add_argument("--size", type=int, choices=SIZES, default=DEFAULT_SIZE)
        parser.add_argument("--style", help="one style for all photos (default: each has another one)")
        parser.add_argument("--count", type=int, default=16, help="random moments (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--out", type=Path, metavar="FOLDER", help="write both pictures, side by side")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["count"] < 1:
            raise CommandError("--count: at least 1", returncode=2)
        # Imported here: the engine brings torch along, which takes seconds.
        from demo.player_fidelity import MIXTURES, behaved, measured
        from portrait.engine.live.file import live_file
        from portrait.engine.live.making import live_portrait
        from portrait.engine.photo.choice import LARGEST
        from portrait.engine.photo.decoding import read_photo
        from portrait.engine.pipeline import Engine

        engine = Engine(engine_options())
        size, out = options["size"], options["out"]
        portrait = f'<moving-portrait src="/me.live" style="inline-size:{size}px"></moving-portrait>'
        found: list[list[float]] = []
        moments: list[tuple[float, Amplitudes]] = []
        try:
            with chromium() as browser:
                for number, path in enumerate(options["photos"]):
                    try:
                        picture = read_photo(path.read_bytes())
                    except OSError as error:
                        raise PhotoError(f"{path}: {error.strerror}", code="photo_missing") from error
                    style = options["style"] or engine.styles[(1 + number) % len(engine.styles)]
                    painted = engine.painted(engine.framed(picture, LARGEST, size), style)
                    live = live_portrait(engine.model, painted)
                    data = live_file(live, style=style, seed=number, marked=False)
                    page = PlayerPage(browser, settings.BASE_DIR / "web", portrait, {"/me.live": data})
                    page.play()
                    chosen = behaved(page, options["count"], options["seed"] + number)
                    own = []
                    results = measured(page, engine.model, painted, [*MIXTURES, *chosen])
                    for index, (noise, drawn, frame) in enumerate(results):
                        own.append(noise)
                        if out:
                            out.mkdir(parents=True, exist_ok=True)
                            both = np.hstack([frame.picture, drawn])
                            Image.fromarray(both).save(out / f"{path.stem}-{index:02}.png")
                    page.context.close()
                    found.append(own[: len(MIXTURES)])
                    moments += zip(own[len(MIXTURES) :], chosen, strict=True)
                    self.stdout.write(
                        f"{path.stem:<32}{style:<26}{len(data) / 1000:>4.0f} kB  least {min(own):.1f},"
                        f" mean {np.mean(own):.1f} dB"
                    )
        except EngineError as error:
            raise CommandError(error.detail, returncode=2) from error
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}", returncode=2) from error
        except NoBrowser as error:
            raise CommandError(str(error)) from error
        self.stdout.write("\nleast   mean  amplitudes")
        for amplitudes, values in zip(MIXTURES, zip(*found, strict=True), strict=True):
            self.stdout.write(f"{min(values):>5.1f}{np.mean(values):>7.1f}  {_told(amplitudes)}")
        self.stdout.write("\nthe least of random moments")
        for noise, amplitudes in sorted(moments, key=lambda moment: moment[0])[:WORST]:
            self.stdout.write(f"{noise:>5.1f}  {_told(amplitudes)}")
        self.stdout.write(
            f"\nof the list, {_share(found)}; of random moments, {_share([noise for noise, _ in moments])}"
        )


def _share(decibels: Any) -> str:
    values = np.ravel(decibels)
    return f"{(values >= ENOUGH).sum()} of {values.size} at or above {ENOUGH} dB, least {values.min():.1f}"


def _told(amplitudes: Amplitudes) -> str:
    return (
        ", ".join(f"{name} {value:.2g}" for name, value in amplitudes.by_name.items() if value) or "at rest"
    )
