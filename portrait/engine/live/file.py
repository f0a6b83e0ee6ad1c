"""The file of a live portrait: a ZIP with pictures, fields and ``portrait.json``. docs/live.md describes it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from portrait.engine.fomm.region import Region
from portrait.engine.live.fields import BENT, CUBIC, GRID, SKEWED, STEP, Fields
from portrait.engine.live.making import LivePortrait
from portrait.engine.live.patches import Atlas, Patch, packed
from portrait.engine.live.poses import LOOK, PAIRS, POSES
from portrait.engine.output import ai_mark
from portrait.engine.output.provenance import TRAINED_ALGORITHMIC_MEDIA
from portrait.engine.photo.picture import Picture

FORMAT = "moving-portrait-live"
VERSION = 2
# Most bytes of a file: those of the fields, which are as many at each size, and those of each pixel. 450 kB at 512.
_FIELD_BYTES, _BYTES_PER_PIXEL = 190_000, 260_000 / 512**2
# libwebp's qualities of painting, wall and patches, the best first.
QUALITIES = ((95, 78, 82), (91, 78, 82), (86, 75, 80), (76, 60, 70), (60, 45, 55), (45, 30, 40))
_EFFORT = 2
_MASK_QUALITY = 80
# The amplitudes between which a pose's patches appear; those of lids appear earlier.
_APPEARS = (0.35, 1.0)
_APPEARS_EARLY = {"blink": (0.1, 0.9), "wink": (0.1, 0.9)}


def max_bytes(side: int) -> int:
    """The most bytes of the file of a portrait with that side."""
    return round(_FIELD_BYTES + _BYTES_PER_PIXEL * side**2)


def live_file(portrait: LivePortrait, *, style: str, seed: int, marked: bool) -> bytes:
    """The file in the best quality that keeps the limit. ``marked``: with the visible AI mark."""
    patches = [*portrait.patches, *([_mark(portrait.side)] if marked else [])]
    atlas = packed(patches, portrait.side)
    described = _description(portrait, patches, atlas, style, seed)
    unchanging = {
        "portrait.json": json.dumps(described, separators=(",", ":")).encode(),
        "matte.webp": _webp(portrait.matte, _MASK_QUALITY),
        "masks.webp": _webp(atlas.masks, _MASK_QUALITY),
        "fields.bin": _fields(portrait.fields),
    }
    for painting, wall, other in QUALITIES:
        pictures = {
            "painting.webp": _webp(portrait.painting, painting),
            "wall.webp": _webp(portrait.wall, wall),
            "patches.webp": _webp(atlas.paintings, other),
        }
        data = _zipped(unchanging | pictures)
        if len(data) <= max_bytes(portrait.side):
            break
    return data


def _fields(fields: Fields) -> bytes:
    """Each value as its difference from what its neighbours above and to the left predict, in ``STEP``.

    Fields are smooth, so that most differences are near 0. They are zigzag encoded (0, -1, 1, -2, ...); the low bytes
    of all come first, then the high bytes.
    """
    planes = np.rint(fields.all.transpose(0, 3, 1, 2) / STEP).astype(np.int32)
    differences = np.diff(planes, axis=2, prepend=0)
    differences = np.diff(differences, axis=3, prepend=0)
    zigzag = (2 * differences ^ (differences >> 31)).astype("<u2")
    return zigzag.view(np.uint8).reshape(-1, 2).T.tobytes()


def _mark(side: int) -> Patch:
    colour, alpha, left, top = ai_mark.mark(side)
    height, width = alpha.shape
    return Patch(None, Region(left, top, left + width, top + height), colour, alpha)


def _description(
    portrait: LivePortrait, patches: list[Patch], atlas: Atlas, style: str, seed: int
) -> dict[str, Any]:
    def parts(pose: int | None) -> list[list[int]]:
        """x, y, width, height in the frame, x, y in the atlas."""
        return [
            [patch.place.left, patch.place.top, *patch.mask.shape[::-1], *corner]
            for patch, corner in zip(patches, atlas.corners, strict=True)
            if patch.pose == pose
        ]

    poses = []
    for index, pose in enumerate(POSES):
        appears = _APPEARS_EARLY.get(pose.name, _APPEARS)
        described: dict[str, Any] = {"name": pose.name}
        if pose.stage == LOOK:
            described["at"] = list(pose.at)
        if pose.bent:
            described["bend"] = len(POSES) + BENT.index(index)
        if pose.cubic:
            described["cubic"] = len(POSES) + len(BENT) + len(PAIRS) + CUBIC.index(index)
        poses.append(described | {"appears": list(appears), "patches": parts(index)})
    return {
        "format": FORMAT,
        "version": VERSION,
        "side": portrait.side,
        "grid": GRID,
        "atlas": list(atlas.masks.shape[::-1]),
        "step": STEP,
        "poses": poses,
        "pairs": [[pair.first, pair.second, *pair.at] for pair in PAIRS],
        "skews": [[pair.first, pair.second] for pair in SKEWED],
        "eyes": [
            [round(value, 5) for value in (*eye.centre, *eye.axes, *eye.reach)] for eye in portrait.eyes
        ],
        "mark": parts(None),
        "style": style,
        "seed": seed,
        "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA,
    }


def _webp(picture: Picture | NDArray[np.uint8], quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).convert("RGB").save(out, "WEBP", quality=quality, method=_EFFORT)
    return out.getvalue()


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            kind = zipfile.ZIP_STORED if name.endswith(".webp") else zipfile.ZIP_DEFLATED
            # ZipInfo's date is ZIP's earliest: the same portrait is the same bytes.
            archive.writestr(zipfile.ZipInfo(name), data, kind)
    return out.getvalue()
