"""The table of the files that a portrait consists of. Imports no torch and no encoder.

A new format is a row here, its encoder in ``films.py`` or a file of its own, and a column of the job's table.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portrait.engine.errors import ChoiceError


@dataclass(frozen=True)
class OutputFormat:
    """One file of a finished portrait. ``name`` is its key in results, job columns and API answers."""

    name: str
    suffix: str
    media_type: str
    moving: bool
    players: str  # programs that play it, for people who choose a format
    required: bool = False  # made in any case: the product itself shows it
    max_side: int | None = None  # pixels; a larger clip is scaled down, antialiased
    max_bytes: int | None = None

    def file_name(self, stem: str) -> str:
        """A name for the file in a folder of all files of the portrait; two rows may share a suffix."""
        own = next(row for row in FORMATS if row.suffix == self.suffix).name == self.name
        return f"{stem}.{self.suffix}" if own else f"{stem}-{self.name}.{self.suffix}"


WEBP = OutputFormat(
    "webp", "webp", "image/webp", True, "browsers since 2020, Android, KakaoTalk", required=True
)
AVIF = OutputFormat("avif", "avif", "image/avif", True, "browsers since 2023; the smallest file")
GIF = OutputFormat("gif", "gif", "image/gif", True, "every browser, e-mail and messenger", max_side=256)
MP4 = OutputFormat(
    "mp4", "mp4", "video/mp4", True, "video players, Safari, QuickTime, KakaoTalk, social networks"
)
POSTER = OutputFormat("poster", "png", "image/png", False, "every program that shows pictures", required=True)
TILE = OutputFormat(
    *("tile", "webp", "image/webp", True, "as webp; small, for lists"),
    required=True,
    max_side=192,
    max_bytes=90_000,
)
LIVE = OutputFormat(
    "live", "live", "application/zip", True, "browsers with WebGL2, by the player web/lib/live.js"
)

FORMATS = (WEBP, AVIF, GIF, MP4, POSTER, TILE, LIVE)
# Those that are encoded from the frames of the clip.
OF_FRAMES = tuple(row for row in FORMATS if row is not LIVE)
NAMES = tuple(row.name for row in FORMATS)
OPTIONAL = tuple(row.name for row in FORMATS if not row.required)
# By file suffix, for the answers that deliver the files.
MEDIA_TYPES = {row.suffix: row.media_type for row in FORMATS}


def chosen(names: Iterable[str]) -> tuple[OutputFormat, ...]:
    """The rows with these names and those that are always made, in the order of the table. Raises ChoiceError."""
    wanted = set(names)
    if unknown := sorted(wanted - set(NAMES)):
        raise ChoiceError(
            f"unknown format {', '.join(map(repr, unknown))}: choose from {', '.join(NAMES)}",
            code="unknown_format",
        )
    return tuple(row for row in FORMATS if row.required or row.name in wanted)
