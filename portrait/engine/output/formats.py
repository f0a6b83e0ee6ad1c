"""The table of the files that a portrait consists of. Imports no torch and no encoder.

A new format is a row here, its encoder in ``encoders.py`` and a column of the job's table.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OutputFormat:
    """One file of a finished portrait. ``name`` is its key in results, job columns and API answers."""

    name: str
    suffix: str
    media_type: str
    moving: bool
    players: str  # programs that play it, for people who choose a format


WEBP = OutputFormat("webp", "webp", "image/webp", True, "browsers since 2020, Android, KakaoTalk")
GIF = OutputFormat("gif", "gif", "image/gif", True, "every browser, e-mail and messenger")
MP4 = OutputFormat("mp4", "mp4", "video/mp4", True, "video players, Safari, QuickTime, social networks")
POSTER = OutputFormat("poster", "png", "image/png", False, "every program that shows pictures")

FORMATS = (WEBP, GIF, MP4, POSTER)
MOVING = tuple(row for row in FORMATS if row.moving)
NAMES = tuple(row.name for row in FORMATS)
# By file suffix, for the answers that deliver the files.
MEDIA_TYPES = {row.suffix: row.media_type for row in FORMATS}
