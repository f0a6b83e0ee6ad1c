"""How ffmpeg encodes each moving format of the table: filters, codec and their settings.

Sizes and times below are of 70 painted frames of 512 x 512 pixels, in seconds of one core.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from portrait.engine.output.formats import AVIF, GIF, MP4, WEBP

# 1.8 MB; at 75 it is 2.3 MB, and no stroke that is seen at 75 is lost.
WEBP_QUALITY = 60
# libwebp's compression level, 0 to 6: 1.1 s at 2; 1.0 s and 7 per cent more bytes at 0.
WEBP_EFFORT = 2
# SVT-AV1's preset and constant rate factor: 0.5 s, 0.3 MB, and the PSNR of the MP4.
AVIF_PRESET = 12
AVIF_QUALITY = 32
# x264's preset and constant rate factor. "fast" takes twice the time of "veryfast" for the same PSNR and size.
MP4_PRESET = "veryfast"
MP4_QUALITY = 18
# The palette is made from every third frame, which takes less time; the other frames have the same colours.
GIF_PALETTE_STEP = 3
# A GIF is the slowest to encode and the largest for its size: frames are left out, the duration stays.
GIF_MAX_FPS = 15
# Ordered dithering is static where the image is. Error diffusion would flicker, and the file be a third larger.
GIF_DITHER = "bayer:bayer_scale=4"


@dataclass(frozen=True)
class Clip:
    """What is encoded: the frame rate, and the size of a frame in this format in pixels."""

    fps: Fraction
    width: int
    height: int


@dataclass(frozen=True)
class Film:
    """One format's part of the ffmpeg command: its filters, and its codec with the options of the container."""

    filters: str
    codec: tuple[str, ...]


def _webp(clip: Clip) -> Film:
    codec = ("-c:v", "libwebp_anim", "-quality", str(WEBP_QUALITY))
    return Film("null", (*codec, "-compression_level", str(WEBP_EFFORT), "-loop", "0"))


def _yuv(clip: Clip) -> str:
    """Even sides, as 4:2:0 needs them, and the colour space stated in the file: BT.709 primaries, sRGB transfer."""
    return (
        f"crop={clip.width // 2 * 2}:{clip.height // 2 * 2}:0:0,"
        "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p,"
        "setparams=colorspace=bt709:color_primaries=bt709:color_trc=iec61966-2-1"
    )


def _mp4(clip: Clip) -> Film:
    codec = ("-c:v", "libx264", "-preset", MP4_PRESET, "-crf", str(MP4_QUALITY), "-profile:v", "high")
    # avc1: the parameter sets are in the header, where QuickTime and Safari look for them.
    return Film(_yuv(clip), (*codec, "-tag:v", "avc1", "-movflags", "+faststart"))


def _avif(clip: Clip) -> Film:
    codec = ("-c:v", "libsvtav1", "-preset", str(AVIF_PRESET), "-crf", str(AVIF_QUALITY))
    # One thread: the painter needs the other cores.
    return Film(_yuv(clip), (*codec, "-svtav1-params", "lp=1", "-loop", "0"))


def _gif(clip: Clip) -> Film:
    # Every second or third frame; a rate between those would show some frames longer than others.
    step = math.ceil(clip.fps / GIF_MAX_FPS)
    fewer = f"select=not(mod(n\\,{step})),fps={clip.fps}/{step}," if step > 1 else ""
    filters = (
        f"{fewer}split[gif-colours][gif-pictures];"
        f"[gif-colours]select=not(mod(n\\,{GIF_PALETTE_STEP})),palettegen=stats_mode=full[gif-palette];"
        f"[gif-pictures][gif-palette]paletteuse=dither={GIF_DITHER}:diff_mode=rectangle"
    )
    return Film(filters, ("-c:v", "gif", "-loop", "0"))


# By the format's name; every moving row of the table but the tile has its encoder here.
FILMS: dict[str, Callable[[Clip], Film]] = {
    WEBP.name: _webp,
    AVIF.name: _avif,
    MP4.name: _mp4,
    GIF.name: _gif,
}
