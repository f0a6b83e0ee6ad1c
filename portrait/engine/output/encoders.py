"""Encodes a clip in every format of the table: WebP, GIF and MP4 with one ffmpeg process, and a PNG poster.

ffmpeg encodes while the next frames are painted. It reads them from a pipe, so that it ends when this process is
killed.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import tempfile
from collections.abc import Callable, Mapping
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
from portrait.engine.output.formats import GIF, MOVING, MP4, POSTER, WEBP
from portrait.engine.photo.picture import Picture

# Brush strokes stay visible at 75; a painted clip of 70 frames of 256 pixels is smaller than a megabyte.
WEBP_QUALITY = 75
# libwebp's compression level, 0 to 6: above 2, twice the time saves two per cent.
WEBP_EFFORT = 2
# x264's constant rate factor: 18 looks like the original, 23 is its default.
MP4_QUALITY = 20
# The palette is made from every third frame, which takes less time; the other frames have the same colours.
GIF_PALETTE_STEP = 3
# Browsers play a GIF with a delay below 2/100 s at a tenth of a second a frame.
GIF_MAX_FPS = 50
# Ordered dithering is static where the image is. Error diffusion would flicker, and the file be a third larger.
GIF_DITHER = "bayer:bayer_scale=4"
# How long ffmpeg may take for the buffered frames; after that it counts as hanging.
FINISH_SECONDS = 120


@dataclass(frozen=True)
class EncodedClip:
    """One clip in each format of the table, as whole files by the format's name."""

    files: Mapping[str, bytes]
    frames: int


@dataclass(frozen=True)
class _Film:
    """One format's part of the ffmpeg command: its filters from ``[<name>]`` to its output, and its codec."""

    filters: str
    codec: tuple[str, ...]


class ClipEncoder:
    """Encodes a clip whose frames arrive in batches; every format loops endlessly at ``fps``.

    Durations are in milliseconds in WebP and in hundredths of a second in GIF. Each frame is shown from its rounded
    start to that of the next frame, so that the total duration is exact. H.264 requires even sides: the last row or
    column of an odd one is cropped.

    Use as a context manager; leaving it early kills the encoder and removes its files::

        with ClipEncoder(fps=25, width=256, height=256) as encoder:
            for batch in batches:
                encoder.write(batch)
            clip = encoder.finish()

    Raises EncodingError, with ffmpeg's message, where it stops before the files are complete.
    """

    def __init__(
        self, *, fps: float, width: int, height: int, scratch: Path | None = None, threads: int = 1
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
        self._films = {row.name: folder / f"clip.{row.suffix}" for row in MOVING}
        # Errors are written to a file: an unread pipe would fill up and block the encoder.
        self._log: IO[bytes] = (folder / "ffmpeg.log").open("w+b")
        self._ffmpeg = subprocess.Popen(
            self._command(Fraction(fps).limit_denominator(1001), threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
            # A group of its own, so that Ctrl-C in the terminal reaches this process alone.
            process_group=0,
        )

    def _command(self, fps: Fraction, threads: int) -> list[str]:
        height, width, _ = self.shape
        rate = f"{fps.numerator}/{fps.denominator}"
        encoders = {name: _FILMS[name](fps, width, height) for name in self._films}
        inputs = "".join(f"[{name}]" for name in encoders)
        graph = [f"[0:v]split={len(encoders)}{inputs}"]
        graph += [f"[{name}]{film.filters}[{name}-out]" for name, film in encoders.items()]
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            *("-v", "error", "-y", "-filter_complex_threads", str(threads)),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size", f"{width}x{height}", "-framerate", rate),
            *("-i", "pipe:0", "-filter_complex", ";".join(graph)),
        ]
        for name, film in encoders.items():
            command += [
                "-map",
                f"[{name}-out]",
                *film.codec,
                "-threads",
                str(threads),
                str(self._films[name]),
            ]
        return command

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
        self.frames += len(frames)

    def finish(self) -> EncodedClip:
        """Wait until the files are complete and return them. Raises EncodingError."""
        if self._first is None:
            raise EncodingError("A clip needs at least one frame.")
        assert self._ffmpeg.stdin is not None
        try:
            self._ffmpeg.stdin.close()
            status = self._ffmpeg.wait(FINISH_SECONDS)
        except (BrokenPipeError, subprocess.TimeoutExpired) as error:
            raise self._failure() from error
        if status != 0 or not all(film.is_file() and film.stat().st_size for film in self._films.values()):
            raise self._failure()
        files = {name: film.read_bytes() for name, film in self._films.items()}
        files[POSTER.name] = encode_png(self._first)
        return EncodedClip(files, self.frames)

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


def _webp(fps: Fraction, width: int, height: int) -> _Film:
    codec = ("-c:v", "libwebp_anim", "-quality", str(WEBP_QUALITY))
    return _Film("null", (*codec, "-compression_level", str(WEBP_EFFORT), "-loop", "0"))


def _mp4(fps: Fraction, width: int, height: int) -> _Film:
    filters = (
        f"crop={width // 2 * 2}:{height // 2 * 2}:0:0,"
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,"
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=iec61966-2-1"
    )
    codec = ("-c:v", "libx264", "-preset", "fast", "-crf", str(MP4_QUALITY))
    return _Film(filters, (*codec, "-movflags", "+faststart"))


def _gif(fps: Fraction, width: int, height: int) -> _Film:
    slower = f"fps={GIF_MAX_FPS}," if fps > GIF_MAX_FPS else ""
    filters = (
        f"{slower}split[gif-colours][gif-pictures];"
        f"[gif-colours]select=not(mod(n\\,{GIF_PALETTE_STEP})),palettegen=stats_mode=full[gif-palette];"
        f"[gif-pictures][gif-palette]paletteuse=dither={GIF_DITHER}:diff_mode=rectangle"
    )
    return _Film(filters, ("-c:v", "gif", "-loop", "0"))


# By the format's name; every moving row of the table has its encoder here.
_FILMS: dict[str, Callable[[Fraction, int, int], _Film]] = {
    WEBP.name: _webp,
    MP4.name: _mp4,
    GIF.name: _gif,
}
