"""``manage.py make_previews``: the previews of the styles and motions that students choose from."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from typing import Any

from portrait import choices
from portrait.engine.errors import ChoiceError, EngineError
from portrait.engine.request import PortraitRequest
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand
from portrait.tools.previews import make_preview

# The fixed seed of all previews, and the style or motion while the other one varies.
SEED = 1
STYLE = "starry-night"
MOTION = "smile"


class Command(EngineCommand):
    help = (
        "Make the previews of all styles and motions, from the astronaut of scikit-image (public domain):"
        " after new weights, a new style or a new motion."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("names", nargs="*", metavar="NAME", help="only these styles and motions")

    def handle(self, *args: Any, **options: Any) -> None:
        entries = [*choices.styles(), *choices.motions()]
        unknown = set(options["names"]) - {entry.name for entry in entries}
        if unknown:
            raise ChoiceError(f"no style or motion is called {sorted(unknown)[0]!r}", code="unknown_choice")
        wanted = [entry for entry in entries if not options["names"] or entry.name in options["names"]]
        # Imported here: both take seconds to import, and the checks above do not need them.
        from skimage import data

        from portrait.engine.photo.picture import clean_jpeg
        from portrait.engine.pipeline import Engine

        photo = clean_jpeg(data.astronaut())
        # The AI mark is drawn on the preview, at its size.
        engine = Engine(replace(engine_options(), ai_mark=False))
        style = STYLE if STYLE in {entry.name for entry in choices.styles()} else choices.styles()[0].name
        motion = (
            MOTION if MOTION in {entry.name for entry in choices.motions()} else choices.motions()[0].name
        )
        for entry in wanted:
            request = PortraitRequest(
                style=entry.name if entry.kind == "styles" else style,
                motion=entry.name if entry.kind == "motions" else motion,
                seed=SEED,
            )
            files = engine.make_portrait(photo, request)
            preview = make_preview(files.webp)
            path = choices.PREVIEWS_DIR / entry.kind / f"{entry.name}.webp"
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(preview.webp)
                path.with_suffix(".jpg").write_bytes(preview.still)
            except OSError as error:
                raise EngineError(
                    f"{error.filename}: {error.strerror}", code="storage_unavailable"
                ) from error
            self.stdout.write(f"{path} ({len(preview.webp)} bytes)")
        if not options["names"]:
            self._remove_old({(entry.kind, entry.name) for entry in entries})

    def _remove_old(self, known: set[tuple[str, str]]) -> None:
        """Delete the previews of removed styles and motions."""
        for path in choices.PREVIEWS_DIR.glob("*/*.*"):
            if (path.parent.name, path.stem) not in known:
                path.unlink()
