"""What an engine is started with. Imports no torch, so that a process that only passes it on stays light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portrait.engine.motion import MOTIONS_DIR
from portrait.engine.output.formats import NAMES

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


@dataclass(frozen=True)
class EngineOptions:
    """Which weights, on what machine, and what the result carries. Can be pickled."""

    checkpoints: Path = CHECKPOINTS  # motion.{yaml,safetensors}, painter.{yaml,safetensors}, face/*.pth
    motion_config: Path | None = None  # another model's yaml
    motion_weights: Path | None = None  # and its weights
    painter: Path | None = None  # another painter's weights
    motions: Path = MOTIONS_DIR  # folder of motion templates
    device: str = "auto"  # "auto", "cpu" or "cuda"
    precision: str = "auto"  # "auto", "float32" or "bfloat16"
    threads: int = 0  # of the processor; 0 leaves torch's own choice
    ai_mark: bool = True  # the visible sign in a corner
    formats: tuple[str, ...] = NAMES  # the files to make, beside those that are always made
    c2pa: tuple[Path, Path] | None = None  # certificate chain and key (PEM) that sign each file
    scratch: Path | None = None  # where the encoder's temporary files go; None is the system's place

    @property
    def motion_files(self) -> tuple[Path, Path]:
        """The motion model's yaml and weights."""
        return (
            self.motion_config or self.checkpoints / "motion.yaml",
            self.motion_weights or self.checkpoints / "motion.safetensors",
        )

    @property
    def painter_file(self) -> Path:
        return self.painter or self.checkpoints / "painter.safetensors"

    @property
    def weights(self) -> tuple[Path, ...]:
        """All files that decide what the networks compute."""
        return (*self.motion_files, self.painter_file, self.painter_file.with_suffix(".yaml"))
