"""Encodes a clip in formats of the table: the films with one ffmpeg process, the tile, and a PNG poster.

ffmpeg encodes while the next frames are painted. It reads them from a pipe, so that it ends when this process is
killed.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from portrait.engine.errors import EncodingError
from portrait.engine.output.films import FILMS, Clip
from portrait.engine.output.formats import OF_FRAMES, POSTER, TILE, OutputFormat
from portrait.engine.output.tile import TileEncoder
from portrait.engine.photo.picture import Picture

# How long ffmpeg may take for the buffered frames; after that it counts as hanging.
FINISH_SECONDS = 120


@dataclass(frozen=True)
class EncodedClip:
    """One clip as whole files by the format's name."""

    files: Mapping[str, bytes]
    frames: int


class ClipEncoder:
    """Encodes a clip whose frames arrive in batches, in each of ``formats``; all of them loop endlessly.

    Durations are in milliseconds in WebP and in hundredths of a second in GIF. Each frame is shown from its rounded
    start to that of the next frame, so that the total duration is exact. GIF and tile leave out frames. MP4 and AVIF
    require even sides: the last row or column of an odd one is cropped. A format's ``max_side`` is kept by scaling.

    Use as a context manager; leaving it early kills the encoder and removes its files::

        with ClipEncoder(fps=25, width=256, height=256) as encoder:
            for batch in batches:
                encoder.write(batch)
            clip = encoder.finish()

    Raises EncodingError, with ffmpeg's message, where it stops before the files are complete.
    """

    def __init__(
        self,
        *,
        fps: float,
        width: int,
        height: int,
        formats: Sequence[OutputFormat] = OF_FRAMES,
        scratch: Path | None = None,
        threads: int = 1,
    ) -> None:
        if not fps > 0:
            raise EncodingError(f"The frame rate must be above zero, not {fps}.")
        if min(width, height) < 2:
            raise EncodingError(f"A film needs at least 2 x 2 pixels, not {width} x {height}.")
        self.shape = (height, width, 3)
        self.frames = 0
        self._first: Picture | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="clip-", dir=scratch, ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self._formats = formats
        self._films = {row: folder / row.file_name("clip") for row in formats if row.name in FILMS}
        self._tile = self._tile_encoder(fps) if TILE in formats else None
        # Errors are written to a file: an unread pipe would fill up and block the encoder.
        self._log: IO[bytes] = (folder / "ffmpeg.log").open("w+b")
        self._ffmpeg = subprocess.Popen(
            self._command(Fraction(fps).limit_denominator(1001), threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            # SVT-AV1 writes its settings to the log unless told that only errors count.
            env={**os.environ, "SVT_LOG": "1"},
            # A group of its own, so that Ctrl-C in the terminal reaches this process alone.
            process_group=0,
        )

    def _command(self, fps: Fraction, threads: int) -> list[str]:
        height, width, _ = self.shape
        rate = f"{fps.numerator}/{fps.denominator}"
        graph = [f"[0:v]split={len(self._films)}" + "".join(f"[{row.name}]" for row in self._films)]
        outputs: list[str] = []
        for row, path in self._films.items():
            own_width, own_height = _fitting(width, height, row.max_side)
            film = FILMS[row.name](Clip(fps, own_width, own_height))
            smaller = (own_width, own_height) != (width, height)
            scale = f"scale={own_width}:{own_height}:flags=lanczos," if smaller else ""
            graph.append(f"[{row.name}]{scale}{film.filters}[{row.name}-out]")
            outputs += ["-map", f"[{row.name}-out]", *film.codec, "-threads", str(threads), str(path)]
        return [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-v", "error", "-y", "-filter_complex_threads", str(threads)),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}", "-framerate", rate),
            *("-i", "pipe:0", "-filter_complex", ";".join(graph)),
            *outputs,
        ]

    def _tile_encoder(self, fps: float) -> TileEncoder:
        assert TILE.max_bytes is not None
        height, width, _ = self.shape
        own_width, own_height = _fitting(width, height, TILE.max_side)
        return TileEncoder(fps=fps, width=own_width, height=own_height, max_bytes=TILE.max_bytes)

    def write(self, frames: NDArray[np.uint8]) -> None:
        """Encode uint8 (N, H, W, 3), RGB, N >= 0. Blocks while the encoder's buffer is full. Raises EncodingError."""
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[1:] != self.shape:
            raise EncodingError(f"Frames must be uint8 (N, {self.shape}), not {frames.dtype} {frames.shape}.")
        if len(frames) == 0:
            return
        if self._first is None:
            self._first = frames[0].copy()
        assert self._ffmpeg.stdin is not None
        try:
            self._ffmpeg.stdin.write(np.ascontiguousarray(frames).data)
        except (BrokenPipeError, ValueError) as error:  # ValueError: written to after it was closed
            raise self._failure() from error
        if self._tile is not None:
            self._tile.write(frames)
        self.frames += len(frames)

    def finish(self) -> EncodedClip:
        """Wait until the files are complete and return them. Raises EncodingError."""
        if self._first is None:
            raise EncodingError("A clip needs at least one frame.")
        assert self._ffmpeg.stdin is not None
        try:
            self._ffmpeg.stdin.close()
            files = self._own_files()  # while ffmpeg encodes what is in its buffers
            status = self._ffmpeg.wait(FINISH_SECONDS)
        except (BrokenPipeError, subprocess.TimeoutExpired) as error:
            raise self._failure() from error
        if status != 0 or not all(film.is_file() and film.stat().st_size for film in self._films.values()):
            raise self._failure()
        files |= {row.name: film.read_bytes() for row, film in self._films.items()}
        return EncodedClip({row.name: files[row.name] for row in self._formats}, self.frames)

    def _own_files(self) -> dict[str, bytes]:
        """The files that ffmpeg does not make."""
        files = {}
        if self._tile is not None:
            files[TILE.name] = self._tile.finish()
        if POSTER in self._formats:
            assert self._first is not None
            files[POSTER.name] = encode_png(self._first)
        return files

    def close(self) -> None:
        """Stop the encoder, finished or not, and remove its files. May be called twice."""
        self._stop()
        self._log.close()
        self._folder.cleanup()

    def _stop(self) -> None:
        self._ffmpeg.kill()
        self._ffmpeg.wait()
        if self._ffmpeg.stdin is not None:
            # Closing flushes the buffer into a pipe without a reader.
            with contextlib.suppress(BrokenPipeError):
                self._ffmpeg.stdin.close()

    def _failure(self) -> EncodingError:
        self._stop()
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        reason = "; ".join(lines[:3]) or f"exit status {self._ffmpeg.returncode}"
        return EncodingError(f"ffmpeg stopped early: {reason}")

    def __enter__(self) -> ClipEncoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def encode_png(picture: Picture) -> bytes:
    """uint8 (H, W, 3) as a PNG file."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG", compress_level=6)
    return out.getvalue()


def _fitting(width: int, height: int, max_side: int | None) -> tuple[int, int]:
    """The size with no side longer than ``max_side``, the aspect ratio kept."""
    scale = min(1.0, max_side / max(width, height)) if max_side else 1.0
    return max(1, round(width * scale)), max(1, round(height * scale))
