"""``manage.py compose_motions``: write the shipped motion templates from the committed numbers."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from portrait.engine.motion import MOTIONS_DIR, write_motion
from portrait.engine.motion.basis import load_basis, save_basis
from portrait.engine.motion.expressions import EXPRESSIONS, EXPRESSIONS_FILE
from portrait.engine.motion.gaze import GAZE_FILE, GAZES
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand
from portrait.motion_making.compose import compose, compose_expressions, compose_gaze
from portrait.motion_making.specs import MOTION_SPECS


class Command(EngineCommand):
    help = "Compose the shipped motion templates from their curves and the learned basis of facial motion."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--folder", type=Path, default=MOTIONS_DIR, help="where to write (default: the catalogue)"
        )
        parser.add_argument(
            "--learn",
            type=Path,
            metavar="CLIPS",
            help="first learn the basis from a folder of face clips (index.tsv, CLIP/NNN.jpg)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        if options["learn"] is not None:
            self._learn(options["learn"])
        folder.mkdir(parents=True, exist_ok=True)
        basis = load_basis()
        for spec in MOTION_SPECS:
            path = folder / f"{spec.name}.npz"
            motion = compose(spec, basis)
            write_motion(path, motion)
            size = path.stat().st_size / 1000
            self.stdout.write(f"{path}: {len(motion)} frames, {motion.seconds:.1f} s, {size:.0f} kB")
        if folder == MOTIONS_DIR:
            GAZE_FILE.parent.mkdir(exist_ok=True)
            write_motion(GAZE_FILE, compose_gaze(basis))
            self.stdout.write(f"{GAZE_FILE}: {len(GAZES)} poses")
            write_motion(EXPRESSIONS_FILE, compose_expressions(basis))
            self.stdout.write(f"{EXPRESSIONS_FILE}: {len(EXPRESSIONS) + 1} poses")

    def _learn(self, clips: Path) -> None:
        # Imported here: only learning needs torch, which takes seconds to start.
        from portrait.engine.fomm import load_model
        from portrait.motion_making.driving_clips import learn_from_clips

        chosen = engine_options()
        model = load_model(*chosen.motion_files, device=chosen.device, precision="float32")
        save_basis(learn_from_clips(clips, model))
