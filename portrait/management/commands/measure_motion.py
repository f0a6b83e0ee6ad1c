"""``manage.py measure_motion``: the metrics of the motion model's card, on held-out people."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portrait.engine.errors import ChoiceError
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand
from portrait.training.perceptual import TORCHVISION

if TYPE_CHECKING:
    from portrait.engine.fomm.model import MotionModel
    from portrait.training.motion.validation import ValidationPairs


class Command(EngineCommand):
    help = (
        "Measure the motion model on the validation people of a folder of clips: L1, SSIM, feature distance,"
        " sharpness; with --frames, after find_landmarks.py was run on the folders in it, AKD and the"
        " correlations of the eyes' and the mouth's openings."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="as for train_motion")
        parser.add_argument(
            "--config", type=Path, metavar="YAML", help="of the training (default: as shipped)"
        )
        parser.add_argument(
            "--against",
            action="append",
            default=[],
            metavar="YAML",
            help="another model's yaml, weights beside it",
        )
        parser.add_argument(
            "--each", type=int, default=4, metavar="N", help="frames a clip (default: %(default)s)"
        )
        parser.add_argument("--perceptual", default=TORCHVISION, metavar="FILE", help="as for train_motion")
        parser.add_argument("--frames", type=Path, metavar="DIR", help="write the images there")
        parser.add_argument(
            "--groups",
            action="store_true",
            help="only print, for groups of people, the closure of a blink, AKD and the change of identity",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["each"] < 1:
            raise ChoiceError("--each must be at least 1", code="bad_option")
        # Imported here: torch takes seconds to import, and the check above does not need it.
        from portrait.engine.fomm import load_model
        from portrait.engine.fomm.config import read_config
        from portrait.training.motion.evaluation import TAPS, MotionEvaluation
        from portrait.training.motion.train_motion import CONFIG, read_split
        from portrait.training.motion.validation import ValidationPairs
        from portrait.training.vgg_features import VGGFeatures

        chosen = engine_options()
        training = read_config(options["config"] or CONFIG).section("training")
        files = {"ours": chosen.motion_files}
        for text in options["against"]:
            files[Path(text).stem] = (Path(text), Path(text).with_suffix(".safetensors"))
        models = {
            name: load_model(*pair, device=chosen.device, precision=chosen.precision)
            for name, pair in files.items()
        }
        split = read_split(options["data"], training)
        if options["groups"]:
            self._print_groups(models["ours"], ValidationPairs(split.validation, options["each"]))
            return
        vgg = VGGFeatures.load(options["perceptual"], TAPS)
        evaluation = MotionEvaluation(split, vgg, models, options["each"])
        table = evaluation.run(options["frames"])
        people = len(set(split.validation.people))
        self.stderr.write(f"{len(evaluation.pairs)} pairs of {people} people")
        columns = list(dict.fromkeys(name for row in table.values() for name in row))
        self.stdout.write(" | ".join(["method", *columns]))
        for method, row in table.items():
            cells = [f"{row[name]:.4f}" if name in row else "" for name in columns]
            self.stdout.write(" | ".join([method, *cells]))
        if options["frames"] is not None:
            (options["frames"] / "numbers.json").write_text(json.dumps(table, indent=1))

    def _print_groups(self, model: MotionModel, pairs: ValidationPairs) -> None:
        from portrait.training.motion.group_report import METRICS, GroupReport, group_table, read_labels

        clips = GroupReport(model, pairs, read_labels()).run()
        self.stdout.write(
            " | ".join(["group", "clips", *METRICS, *(f"{metric} to mean" for metric in METRICS)])
        )
        for name, count, means, relative in group_table(clips):
            numbers = [f"{means[metric]:.3f}" for metric in METRICS]
            ratios = [f"{relative[metric]:.2f}" for metric in METRICS]
            self.stdout.write(" | ".join([name, str(count), *numbers, *ratios]))
