"""``manage.py portrait PHOTO``: make a portrait without a server."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from tqdm import tqdm

from portrait import choices
from portrait.engine.errors import EngineError, PhotoError
from portrait.engine.motion.strength import MAX_STRENGTH, MIN_STRENGTH, checked_strength
from portrait.engine.options import ORDERS
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand

RESULTS = {"webp": "webp", "gif": "gif", "mp4": "mp4", "poster": "png"}


class Command(EngineCommand):
    help = "Make a moving painted portrait from a photo, as WebP, GIF and MP4 with a PNG poster."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("photo", nargs="?", type=Path, metavar="PHOTO", help="JPEG, PNG, WebP or HEIC")
        parser.add_argument(
            "-o", "--output", type=Path, default=Path(), metavar="DIR", help="where to write (default: here)"
        )
        parser.add_argument("--style", help="style of painting (default: the setting's, or drawn at random)")
        parser.add_argument(
            "--motion", help="what the face does (default: the setting's, or drawn at random)"
        )
        parser.add_argument("--order", choices=ORDERS, help="default: the setting's")
        parser.add_argument(
            "--strength",
            type=float,
            metavar="S",
            help=f"of the motion, {MIN_STRENGTH} to {MAX_STRENGTH} (default: the setting's)",
        )
        parser.add_argument("--seed", type=int, help="draw style and motion the same way again")
        parser.add_argument("--force", action="store_true", help="replace files that are already there")
        parser.add_argument("--list", action="store_true", help="print the styles and motions and exit")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self._list("Styles", choices.styles())
            self._list("Motions", choices.motions())
            return
        photo: Path | None = options["photo"]
        if photo is None:
            raise PhotoError("which PHOTO? (--list prints the styles and motions)", code="photo_missing")
        if options["strength"] is not None:
            checked_strength(options["strength"])
        try:
            data = photo.read_bytes()
        except OSError as error:
            raise PhotoError(f"{photo}: {error.strerror}", code="photo_missing") from error
        folder: Path = options["output"]
        targets = {kind: folder / f"{photo.stem}-portrait.{suffix}" for kind, suffix in RESULTS.items()}
        present = [str(path) for path in targets.values() if path.exists()]
        if present and not options["force"]:
            raise EngineError(f"{', '.join(present)}: already there; --force replaces", code="file_exists")

        files = self._make(data, options)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for kind, path in targets.items():
                path.write_bytes(getattr(files, kind))
        except OSError as error:
            raise EngineError(f"{error.filename}: {error.strerror}", code="storage_unavailable") from error
        for path in targets.values():
            self.stdout.write(str(path))
        self.stderr.write(
            f"{files.style}, {files.motion}, {files.order}, seed {files.seed}:"
            f" {files.frames} frames of {files.width} x {files.height} at {files.fps:g} a second"
        )

    def _make(self, data: bytes, options: dict[str, Any]) -> Any:
        # Imported here: the engine brings torch along, which takes seconds, and --list needs none of it.
        from portrait.engine.pipeline import Engine

        # disable=None: a bar in a terminal, nothing in a file.
        with tqdm(total=100, bar_format="{desc:<10}{bar}{percentage:4.0f}%", disable=None) as bar:
            bar.set_description_str("loading")
            engine = Engine(engine_options())

            def show(stage: str, fraction: float) -> None:
                bar.set_description_str(stage)
                bar.update(100 * fraction - bar.n)

            return engine.make_portrait(
                data,
                style=options["style"] or choices.setting("STYLE") or None,
                motion=options["motion"] or choices.setting("MOTION") or None,
                order=options["order"] or settings.PORTRAIT["ORDER"],
                seed=options["seed"],
                strength=options["strength"],
                on_progress=show,
            )

    def _list(self, heading: str, entries: tuple[choices.Choice, ...]) -> None:
        self.stdout.write(f"{heading}:")
        width = max((len(entry.name) for entry in entries), default=0)
        for entry in entries:
            self.stdout.write(f"  {entry.name:<{width}}  {entry.title}")
