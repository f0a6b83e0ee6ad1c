"""``manage.py add_style IMAGE NAME``: add the style of a painting to the painter."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand
from portrait.management.training_command import add_training_arguments, progress_bar, start_training


class Command(EngineCommand):
    help = (
        "Add the style of a painting to the painter, in minutes: only the new style's vectors are trained, the others"
        " do not change. Run `manage.py checkpoints record` and `manage.py make_previews` afterwards."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("image", type=Path, metavar="IMAGE", help="a picture of the painting")
        parser.add_argument("name", metavar="NAME", help="a slug of a-z, 0-9 and hyphens, such as the-kiss")
        parser.add_argument(
            "--content", type=Path, required=True, metavar="DIR", help="photos, best of faces"
        )
        parser.add_argument("--title", help="of the painting, in English (default: from the name)")
        parser.add_argument("--title-ko", help="in Korean (default: as in English)")
        parser.add_argument("--painter", default="", help="who painted it, in English")
        parser.add_argument("--painter-ko", help="in Korean (default: as in English)")
        parser.add_argument("--year", default="", help="such as 1889 or 'c. 1831'")
        parser.add_argument(
            "--weights", type=Path, metavar="FILE", help="the painter to extend (default: the setting's)"
        )
        parser.add_argument("--sheet", type=Path, metavar="PNG", help="draw photos painted in the new style")
        add_training_arguments(parser, minutes=1.2, perceptual=None)

    def handle(self, *args: Any, **options: Any) -> None:
        start_training(options)
        # Imported here: torch takes seconds to import, and the checks above do not need it.
        from portrait.engine.style.catalogue import Style
        from portrait.training.style.add_style import add_style

        title = options["title"] or options["name"].replace("-", " ").capitalize()
        painter = options["painter"]
        style = Style(
            slug=options["name"],
            title={"en": title, "ko": options["title_ko"] or title},
            painter={"en": painter, "ko": options["painter_ko"] or painter},
            year=options["year"],
        )
        weights: Path = options["weights"] or engine_options().painter_file
        with progress_bar() as show:
            metrics = add_style(
                options["image"],
                style,
                weights,
                options["content"],
                perceptual=options["perceptual"],
                minutes=options["minutes"],
                device=options["device"],
                sheet=options["sheet"],
                on_progress=show,
            )
        text = ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())
        self.stdout.write(f"{weights}: {style.slug} added ({text})")
