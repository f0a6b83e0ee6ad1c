"""``manage.py benchmark``: the time of each stage of a portrait, and of the motion model beside the plain loop."""

from __future__ import annotations

import io
import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from portrait import choices
from portrait.engine.errors import ChoiceError
from portrait.engine.request import DEFAULTS, ORDERS, SIZES
from portrait.engine_options import engine_options
from portrait.management.engine_command import EngineCommand

PER_FRAME = ("animating", "encoding")


def positive(text: str) -> int:
    """An ``argparse`` type: a whole number above 0."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


class Command(EngineCommand):
    help = "Milliseconds a frame and a job for each stage, peak memory, and the ratio to the plain loop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--config", type=Path, help="another motion model's yaml")
        parser.add_argument("--checkpoint", type=Path, help="and its weights")
        parser.add_argument(
            "--random-weights", metavar="SIZE", help="only the motion model, of a published size: vox-256"
        )
        parser.add_argument("--photo", type=Path, help="default: a photograph of an astronaut")
        parser.add_argument("--frames", type=positive, default=60, help="frames of the motion model's run")
        parser.add_argument("--runs", type=positive, default=3, help="runs, of which the middle one counts")
        parser.add_argument("--batch-size", type=positive, help="frames at once")
        parser.add_argument("--threads", type=positive, help="default: one a core")
        parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
        parser.add_argument("--style", help="of the whole portrait (default: the first)")
        parser.add_argument("--motion", help="of the whole portrait (default: the first)")
        parser.add_argument("--order", choices=ORDERS, default=DEFAULTS.order)
        parser.add_argument("--size", type=int, choices=SIZES, default=DEFAULTS.size, help="side in pixels")
        parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")

    def handle(self, *args: Any, **options: Any) -> None:
        from portrait.engine.photo.crop import CROP_SIZE, crop_face
        from portrait.engine.photo.decoding import read_photo
        from portrait.engine.photo.face_detection import find_face
        from portrait.engine.runtime.threads import limit_threads, torch_version
        from portrait.tools import benchmark_network

        if (options["config"] is None) != (options["checkpoint"] is None):
            raise ChoiceError("--config and --checkpoint belong together", code="unknown_choice")
        random = options["random_weights"]
        if random is not None and random not in benchmark_network.SIZES:
            raise ChoiceError(
                f"there is no size {random!r}; choose one of {', '.join(benchmark_network.SIZES)}",
                code="unknown_choice",
            )
        engine = engine_options()
        threads = limit_threads(options["threads"])
        photo = self.photo(options["photo"])
        picture = read_photo(photo)
        face = crop_face(picture, find_face(picture, checkpoints=engine.checkpoints), CROP_SIZE)
        weights: Path | None
        config, weights = engine.motion_files
        if random is not None:
            config, weights = benchmark_network.SIZES[random], None
        elif options["config"] is not None:
            config, weights = options["config"], options["checkpoint"]
        times = benchmark_network.measure_motion(
            face,
            config,
            weights,
            frames=options["frames"],
            runs=options["runs"],
            device=engine.device,
            precision=options["precision"],
            batch_size=options["batch_size"],
        )
        job = None
        if random is None and options["config"] is None:
            from portrait.tools.benchmark_job import measure_job

            job = measure_job(
                engine,
                photo,
                style=options["style"] or choices.styles()[0].name,
                motion=options["motion"] or choices.motions()[0].name,
                order=options["order"],
                size=options["size"],
                threads=threads,
                runs=options["runs"],
            )
        if options["json"]:
            self.stdout.write(json.dumps({"motion": asdict(times), "job": job and asdict(job)}, indent=2))
            return
        self.stdout.write(f"{threads} threads, torch {torch_version()}\n")
        self.show_motion(times, random or config.stem)
        if job is not None:
            self.show_job(job)

    def photo(self, path: Path | None) -> bytes:
        """The photo's bytes; without a path those of scikit-image's astronaut, as a JPEG."""
        if path is not None:
            try:
                return path.read_bytes()
            except OSError as error:
                raise ChoiceError(f"{path}: {error.strerror}", code="photo_missing") from error
        import skimage.data
        from PIL import Image

        out = io.BytesIO()
        Image.fromarray(skimage.data.astronaut()).save(out, "JPEG", quality=95)
        return out.getvalue()

    def show_motion(self, times: Any, name: str) -> None:
        self.stdout.write(f"\nMotion model {name}, {times.frames} frames")
        self.row("", "ms a frame", "ms a job")
        self.row("plain loop, float32", times.plain, times.plain * times.frames)
        self.row(f"engine, {times.precision}", times.fast, times.fast * times.frames)
        self.row("  of that the source", times.source / times.frames, times.source)
        self.stdout.write(f"  {times.ratio:.1f} times the plain loop, {times.psnr:.1f} dB PSNR to its output")

    def show_job(self, job: Any) -> None:
        self.stdout.write(
            f"\nWhole portrait: {job.motion}, {job.frames} frames of {job.size} pixels, {job.order}, warm process"
        )
        self.row("", "ms a frame", "ms a job")
        for stage, seconds in job.stages.items():
            frame = seconds / job.frames * 1e3 if stage in PER_FRAME else ""
            self.row(stage, frame, seconds * 1e3)
        self.row("all, overlapping", job.whole / job.frames * 1e3, job.whole * 1e3)
        self.stdout.write(
            f"  painted still after {job.still:.2f} s; {job.fps:.1f} frames a second; {job.peak_mb:.0f} MB at most;"
            f" weights loaded in {job.loading:.1f} s"
        )

    def row(self, name: str, frame: float | str, job: float | str) -> None:
        cells = [cell if isinstance(cell, str) else f"{cell:.1f}" for cell in (frame, job)]
        self.stdout.write(f"  {name:<22}{cells[0]:>12}{cells[1]:>12}")
