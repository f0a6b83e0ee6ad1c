"""``manage.py measure_styles``: the metrics of the painter's model card."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from portrait.engine.errors import ChoiceError
from portrait.engine.request import DEFAULT_SIZE, SIZES
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand
from portrait.training.perceptual import TORCHVISION


class Command(EngineCommand):
    help = (
        "Measure painters on photos that were not trained on and on moving portraits: content distance, Gram"
        " distances, flicker, sharpness and time of all orders, GFLOP."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--content", type=Path, required=True, metavar="DIR", help="as for train_styles")
        parser.add_argument("--styles", type=Path, required=True, metavar="DIR", help="as for train_styles")
        parser.add_argument("--perceptual", default=TORCHVISION, metavar="FILE", help="as for train_styles")
        parser.add_argument(
            "--only", metavar="SLUGS", help="of the styles (default: all that a painter knows)"
        )
        parser.add_argument(
            "--weights", type=Path, metavar="FILE", help="of the painter (default: the setting's)"
        )
        parser.add_argument(
            "--against",
            action="append",
            default=[],
            type=Path,
            metavar="FILE",
            help="another painter's weights",
        )
        parser.add_argument("--photos", type=int, default=8, metavar="N", help="default: %(default)s")
        parser.add_argument(
            "--portraits", type=int, default=3, metavar="N", help="that move (default: %(default)s)"
        )
        parser.add_argument("--motion", default="nod", help="of those (default: %(default)s)")
        parser.add_argument(
            "--size", type=int, choices=SIZES, default=DEFAULT_SIZE, help="of those in pixels"
        )
        parser.add_argument("--faces", type=Path, metavar="JSON", help="the faces.json of train_styles")
        parser.add_argument("-o", "--output", type=Path, metavar="JSON", help="all numbers, style by style")

    def handle(self, *args: Any, **options: Any) -> None:
        for option in ("photos", "portraits"):
            if options[option] < 1:
                raise ChoiceError(f"--{option} must be at least 1", code="bad_option")
        # Imported here: torch takes seconds to import, and the checks above do not need it.
        from portrait.training.style.report import measure_painters

        chosen = engine_options()
        files = {"ours": options["weights"] or chosen.painter_file}
        for path in options["against"]:
            files[path.parent.name if path.stem == "painter" else path.stem] = path
        report = measure_painters(
            files,
            options["content"],
            options["styles"],
            chosen,
            perceptual=options["perceptual"],
            only=options["only"].split(",") if options["only"] else None,
            photos=options["photos"],
            portraits=options["portraits"],
            motion=options["motion"],
            size=options["size"],
            faces=options["faces"],
        )
        for name, rows in report.items():
            mean = rows["mean"]
            self.stdout.write(f"{name} ({len(rows) - 1} styles)")
            self.stdout.write("  " + ", ".join(f"{column} {value:.3f}" for column, value in mean.items()))
        if options["output"] is not None:
            options["output"].parent.mkdir(parents=True, exist_ok=True)
            options["output"].write_text(json.dumps(report, indent=1))
