"""What the boxes of a HEIF or AVIF file say of its picture (ISO/IEC 14496-12, 23008-12), read without a decoder."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

# A file with more boxes, or items in more parts, is no photo.
_MOST_BOXES = 4096


@dataclass(frozen=True)
class Container:
    """``brands``: the major brand, then the compatible ones. ``codecs``: the types of the coded items.

    ``nclx``: primaries, transfer and matrix as numbered by ITU-T H.273, of the main picture; None where it has none.
    ``turned``: whether the file itself turns or mirrors the main picture (``irot``, ``imir``). ``frames``: the items
    in AV1, each as start and end in the file of its parts.
    """

    brands: tuple[bytes, ...]
    codecs: frozenset[bytes] = frozenset()
    nclx: tuple[int, int, int] | None = None
    turned: bool = False
    frames: tuple[tuple[tuple[int, int], ...], ...] = ()


def read_container(data: bytes) -> Container | None:
    """The container that begins with an ``ftyp`` box; None for any other file.

    What is damaged behind that box is left out, for the decoder to complain of.
    """
    if data[4:8] != b"ftyp":
        return None
    size = int.from_bytes(data[:4], "big")
    rest = data[16 : min(size, 4096)]
    brands = (data[8:12], *(rest[i : i + 4] for i in range(0, len(rest) - 3, 4)))
    try:
        return _with_meta(data, brands)
    except (struct.error, IndexError):
        return Container(brands)


def _with_meta(data: bytes, brands: tuple[bytes, ...]) -> Container:
    view = memoryview(data)
    meta = next((body for kind, body in _boxes(view) if kind == b"meta"), None)
    if meta is None:
        return Container(brands)
    boxes = dict(_boxes(meta[4:]))
    items = dict(_item_types(boxes[b"iinf"])) if b"iinf" in boxes else {}
    av1 = {number for number, kind in items.items() if kind == b"av01"}
    frames = tuple(_extents(boxes[b"iloc"], av1)) if av1 and b"iloc" in boxes else ()
    properties: list[tuple[bytes, memoryview]] = []
    if b"iprp" in boxes and b"pitm" in boxes:
        pitm, iprp = boxes[b"pitm"], dict(_boxes(boxes[b"iprp"]))
        main = int.from_bytes(pitm[4:6] if pitm[0] == 0 else pitm[4:8], "big")
        known = list(_boxes(iprp.get(b"ipco", view[:0])))
        used = _property_indices(iprp[b"ipma"], main) if b"ipma" in iprp else []
        properties = [known[index - 1] for index in used if 0 < index <= len(known)]
    nclx = next(
        (bytes(body[4:10]) for kind, body in properties if kind == b"colr" and body[:4] == b"nclx"), None
    )
    return Container(
        brands,
        frozenset(items.values()),
        struct.unpack(">HHH", nclx) if nclx else None,
        any(kind in (b"irot", b"imir") for kind, _ in properties),
        frames,
    )


def _boxes(view: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Type and body of each box."""
    start = 0
    for _ in range(_MOST_BOXES):
        if start + 8 > len(view):
            return
        size, kind = struct.unpack_from(">I4s", view, start)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", view, start + 8)
            header = 16
        end = len(view) if size == 0 else start + size
        if end < start + header:
            return
        yield kind, view[start + header : end]
        start = end


def _item_types(iinf: memoryview) -> Iterator[tuple[int, bytes]]:
    """Number and type of each item."""
    for kind, body in _boxes(iinf[6 if iinf[0] == 0 else 8 :]):
        if kind == b"infe" and body[0] >= 2:
            start = 6 if body[0] == 2 else 8
            yield int.from_bytes(body[4:start], "big"), bytes(body[start + 2 : start + 6])


def _extents(iloc: memoryview, wanted: set[int]) -> Iterator[tuple[tuple[int, int], ...]]:
    """For each of the items: start and end in the file of its parts.

    Raises IndexError for an item that is elsewhere than in the file itself, which coded pictures never are.
    """
    version, offset_bytes, length_bytes, base_bytes = iloc[0], iloc[4] >> 4, iloc[4] & 15, iloc[5] >> 4
    index_bytes = iloc[5] & 15 if version else 0
    at, parts = 6, 0

    def number(size: int) -> int:
        nonlocal at
        at += size
        if at > len(iloc):
            raise IndexError("iloc is cut short")
        return int.from_bytes(iloc[at - size : at], "big")

    for _ in range(min(number(4 if version == 2 else 2), _MOST_BOXES)):
        item = number(4 if version == 2 else 2)
        construction = number(2) & 15 if version else 0
        reference, base, count = number(2), number(base_bytes), number(2)
        parts += count
        if parts > _MOST_BOXES or (item in wanted and (construction or reference)):
            raise IndexError("an item in too many parts, or outside of the file")
        extents = []
        for _ in range(count):
            number(index_bytes)
            start = base + number(offset_bytes)
            extents.append((start, start + number(length_bytes)))
        if item in wanted:
            yield tuple(extents)


def _property_indices(ipma: memoryview, item: int) -> list[int]:
    """The indices, from 1, of the properties of an item."""
    wide_items, wide_indices = ipma[0] >= 1, bool(ipma[3] & 1)
    (entries,) = struct.unpack_from(">I", ipma, 4)
    at = 8
    for _ in range(min(entries, _MOST_BOXES)):
        (number,) = struct.unpack_from(">I" if wide_items else ">H", ipma, at)
        at += 4 if wide_items else 2
        count = ipma[at]
        width = 2 if wide_indices else 1
        raw = [
            int.from_bytes(ipma[at + 1 + width * i : at + 1 + width * (i + 1)], "big") for i in range(count)
        ]
        if number == item:
            return [index & (0x7FFF if wide_indices else 0x7F) for index in raw]
        at += 1 + width * count
    return []
