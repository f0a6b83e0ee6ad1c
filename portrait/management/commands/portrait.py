"""``manage.py portrait PHOTO``: make a portrait without a server."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from tqdm import tqdm

from portrait import choices
from portrait.engine.errors import EngineError, PhotoError
from portrait.engine.output.formats import LIVE, chosen
from portrait.engine.photo.choice import FaceChoice
from portrait.engine.request import DEFAULT_SIZE, RULES, FieldRule, PortraitRequest
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand
from portrait.management.terminal_language import in_the_terminals_language

if TYPE_CHECKING:
    from portrait.engine.pipeline import PortraitFiles


def option_of(rule: FieldRule) -> dict[str, Any]:
    """argparse's description of the option for a field of the request, which checks the value itself."""
    described: dict[str, Any] = {"type": rule.kind, "help": f"{rule.help} (default: the setting's)"}
    if rule.choices:
        described["metavar"] = "{" + ",".join(map(str, rule.choices)) + "}"
    if rule.low is not None:
        described |= {"metavar": "N", "help": f"{rule.help}, {rule.low:g} to {rule.high:g}"}
    return described


class Command(EngineCommand):
    help = "Make a moving painted portrait from a photo, in each format of PORTRAIT_FORMATS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "photo", nargs="?", type=Path, metavar="PHOTO", help="JPEG, PNG, WebP, HEIC or AVIF"
        )
        parser.add_argument(
            "-o", "--output", type=Path, default=Path(), metavar="DIR", help="where to write (default: here)"
        )
        for name, rule in RULES.items():
            parser.add_argument(f"--{name}", **option_of(rule))
        parser.add_argument("--face", default="", metavar="N", help="which face: 0 is the largest (default)")
        parser.add_argument(
            "--box",
            default="",
            metavar="X,Y,SIDE",
            help="the square from hairline to chin, in pixels of the upright photo or in fractions of it",
        )
        parser.add_argument("--live", action="store_true", help="make the live portrait alone")
        parser.add_argument("--force", action="store_true", help="replace files that are already there")
        parser.add_argument("--list", action="store_true", help="print the styles and motions and exit")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            with in_the_terminals_language():
                self._list(_("Styles"), choices.styles())
                self._list(_("Motions"), choices.motions())
            return
        photo: Path | None = options["photo"]
        if photo is None:
            raise PhotoError("which PHOTO? (--list prints the styles and motions)", code="photo_missing")
        request = PortraitRequest(**{name: options[name] for name in RULES})
        choice = FaceChoice.from_text(options["face"], options["box"])
        try:
            data = photo.read_bytes()
        except OSError as error:
            raise PhotoError(f"{photo}: {error.strerror}", code="photo_missing") from error
        folder: Path = options["output"]
        rows = (LIVE,) if options["live"] else chosen(engine_options().formats)
        targets = {row.name: folder / row.file_name(f"{photo.stem}-portrait") for row in rows}
        present = [str(path) for path in targets.values() if path.exists()]
        if present and not options["force"]:
            raise EngineError(f"{', '.join(present)}: already there; --force replaces", code="file_exists")

        request = request.or_else(choices.installation_defaults())
        if options["live"]:
            self._write({targets[LIVE.name]: self._make_live(data, request, choice)})
            return
        files = self._make(data, request, choice)
        # Another motion model makes no live portrait.
        self._write({targets[kind]: content for kind, content in files.contents.items()})
        made = files.request
        self.stderr.write(
            f"{made.style}, {made.motion}, {made.order}, seed {made.seed}:"
            f" {files.frames} frames of {files.width} x {files.height} at {files.fps:g} a second"
        )

    def _write(self, contents: Mapping[Path, bytes]) -> None:
        try:
            for path, content in contents.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        except OSError as error:
            raise EngineError(f"{error.filename}: {error.strerror}", code="storage_unavailable") from error
        for path in contents:
            self.stdout.write(str(path))

    def _make_live(self, data: bytes, request: PortraitRequest, choice: FaceChoice) -> bytes:
        from portrait.engine.pipeline import Engine

        return Engine(engine_options()).make_live(
            data, request.style, request.seed, size=request.size or DEFAULT_SIZE, face=choice
        )

    def _make(self, data: bytes, request: PortraitRequest, choice: FaceChoice) -> PortraitFiles:
        # Imported here: the engine brings torch along, which takes seconds, and --list needs none of it.
        from portrait.engine.pipeline import Engine

        # disable=None: a bar in a terminal, nothing in a file.
        with tqdm(total=100, bar_format="{desc:<10}{bar}{percentage:4.0f}%", disable=None) as bar:
            bar.set_description_str("loading")
            engine = Engine(engine_options())

            def show(stage: str, fraction: float) -> None:
                bar.set_description_str(stage)
                bar.update(100 * fraction - bar.n)

            return engine.make_portrait(data, request, show, face=choice)

    def _list(self, heading: str, entries: tuple[choices.Choice, ...]) -> None:
        self.stdout.write(f"{heading}:")
        width = max((len(entry.name) for entry in entries), default=0)
        for entry in entries:
            self.stdout.write(f"  {entry.name:<{width}}  {entry.title}")
