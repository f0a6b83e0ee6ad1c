"""``manage.py make_motion VIDEO NAME``: make a motion template from a video of a face."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command

from portrait import choices
from portrait.engine.errors import ChoiceError, EngineError
from portrait.engine.motion import write_motion
from portrait.engine.motion.template import SLUG
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand


class Command(EngineCommand):
    help = (
        "Make a motion template from a video: the face's keypoints, smoothed and cut to a seamless loop. Students are"
        " offered it at once, with a preview."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("video", type=Path, metavar="VIDEO", help="one person, facing the camera")
        parser.add_argument("name", metavar="NAME", help="a slug of a-z, 0-9 and hyphens, such as wave-hello")
        parser.add_argument("--seconds", type=float, default=4.0, help="longest loop (default: %(default)g)")
        parser.add_argument(
            "--strength",
            type=float,
            default=1.0,
            help="scales the motion (default: %(default)g, as recorded)",
        )
        parser.add_argument("--title", default="", help="what people read (default: the name)")
        parser.add_argument("--folder", type=Path, help="where to write (default: the motions' folder)")
        parser.add_argument("--no-preview", action="store_true", help="do not draw the preview for students")
        parser.add_argument("--force", action="store_true", help="replace a motion of the same name")

    def handle(self, *args: Any, **options: Any) -> None:
        name: str = options["name"]
        if not SLUG.fullmatch(name):
            raise ChoiceError(
                f"a motion's name is a slug of a-z, 0-9 and hyphens, not {name!r}", code="bad_name"
            )
        for option in ("seconds", "strength"):
            if not 0 < options[option] <= 20:
                raise ChoiceError(f"--{option} must be above 0 and at most 20", code="bad_option")
        chosen = engine_options()
        folder: Path = options["folder"] or chosen.motions
        path = folder / f"{name}.npz"
        if path.exists() and not options["force"]:
            raise EngineError(f"{path}: already there; --force replaces it", code="file_exists")

        # Imported here: torch takes seconds to start, and the checks above need none of it.
        from portrait.engine.fomm import load_model
        from portrait.motion_making.extract import extract_motion

        # Keypoints are detected once, so that float32 costs little.
        model = load_model(*chosen.motion_files, device=chosen.device, precision="float32")
        motion = extract_motion(
            options["video"],
            name,
            model,
            seconds=options["seconds"],
            strength=options["strength"],
            title=options["title"],
        )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_motion(path, motion)
        except OSError as error:
            raise EngineError(f"{path}: {error.strerror}", code="storage_unavailable") from error
        self.stdout.write(f"{path}: {len(motion)} frames at {motion.fps:g} a second, {motion.seconds:.1f} s")
        # A motion elsewhere is offered to no one. One for another network has no preview either.
        offered = {choice.name for choice in choices.motions()} if folder == chosen.motions else set()
        if name in offered and not options["no_preview"]:
            call_command("make_previews", name, stdout=self.stdout)
