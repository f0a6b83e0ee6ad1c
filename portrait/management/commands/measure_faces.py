"""``manage.py measure_faces``: how well the face detectors and the hints do on a folder of pictures."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from portrait.engine.errors import ChoiceError
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


class Command(EngineCommand):
    help = (
        "Count the faces found among portraits in four orientations and among pictures without a face, for each"
        " detector that is installed, and the hints about the portraits and about degraded copies."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument(
            "--portraits", default="portrait_*", metavar="GLOB", help="one face each (default: %(default)s)"
        )
        parser.add_argument(
            "--empty", type=Path, metavar="FILE", help="names of pictures without a face in DIR, one a line"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        portraits = sorted(path for path in folder.glob(options["portraits"]) if path.suffix in SUFFIXES)
        if not portraits:
            raise ChoiceError(f"{folder} has no pictures called {options['portraits']}", code="bad_option")
        empty = [folder / name for name in self._names(options["empty"])]
        # Imported here: the tools import OpenCV, which the checks above do not need.
        from portrait.engine.photo.face_detection import face_detector, s3fd_weights
        from portrait.engine.photo.mesh_detector import MeshDetector
        from portrait.tools.face_measure import QUARTERS, measure_detector, measure_hints

        checkpoints = engine_options().checkpoints
        detectors: dict[str, Any] = {"mesh": MeshDetector()}
        if s3fd_weights(checkpoints) is not None:
            detectors["s3fd"] = face_detector(checkpoints, "cpu")
        turns = "".join(f"{f'turned {degrees}':>12}" for degrees in QUARTERS)
        self.stdout.write(f"{'detector':<10}{turns}{'of':>6}{'false':>7}{'of':>5}{'ms':>7}{'ms empty':>10}")
        for name, detector in detectors.items():
            found = measure_detector(detector, portraits, empty)
            numbers = "".join(f"{found.upright[degrees]:>12}" for degrees in QUARTERS)
            with_face, without = (1000 * seconds for seconds in found.seconds)
            self.stdout.write(
                f"{name:<10}{numbers}{found.portraits:>6}{len(found.false):>7}{found.empty:>5}"
                f"{with_face:>7.0f}{without:>10.0f}"
            )
            if found.false:
                self.stdout.write(f"  false: {', '.join(found.false)}")
        self.stdout.write("hints")
        for kind, counts in measure_hints(detectors["mesh"], portraits).items():
            told = ", ".join(f"{code} {count}" for code, count in counts.most_common()) or "none"
            self.stdout.write(f"  {kind}: {told}")

    def _names(self, path: Path | None) -> list[str]:
        if path is None:
            return []
        try:
            return path.read_text(encoding="utf-8").split()
        except OSError as error:
            raise ChoiceError(f"{path}: {error.strerror}", code="bad_option") from error
