"""The chunks of a PNG (PNG specification, third edition): what is decoded, its colour space, and its EXIF data."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Profiles of printers have up to 2 MB; one that unpacks to more is left out.
MAX_PROFILE = 4 << 20

# Each takes time; a photo of the largest size has a thousand.
_MOST_CHUNKS = 20_000

# Passed on to the decoder. Texts, previews, and the frames of an animation are not: the first picture is in IDAT.
_DECODED = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_READ = {b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf"}


@dataclass(frozen=True)
class PngFile:
    """``data``: the file with the chunks alone that a decoder needs. ``colour``: bodies of the chunks by type."""

    data: bytes
    colour: dict[bytes, bytes] = field(default_factory=dict)

    @property
    def exif(self) -> bytes | None:
        return self.colour.get(b"eXIf")

    @property
    def profile(self) -> bytes | None:
        """The ICC profile; None without one, and for one that is damaged or too large."""
        name, _, rest = self.colour.get(b"iCCP", b"").partition(b"\0")
        if not name or rest[:1] != b"\0":
            return None
        unpacker = zlib.decompressobj()
        try:
            profile = unpacker.decompress(rest[1:], MAX_PROFILE)
        except zlib.error:
            return None
        return profile if unpacker.eof else None


def read_png(data: bytes) -> PngFile:
    """The PNG without what no picture needs; chunks of any size are skipped unread.

    A chunk whose checksum is wrong is left out, unless the decoder needs it and should say so. The end of a file
    that is cut short is closed by ``IEND``.
    """
    parts: list[bytes | memoryview] = [SIGNATURE]
    read: dict[bytes, bytes] = {}
    view, start = memoryview(data), len(SIGNATURE)
    for _ in range(_MOST_CHUNKS):
        if start + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if kind == b"IDAT" and end > len(data):
            body = view[start + 8 : start + 8 + length]
            parts += [struct.pack(">I4s", len(body), kind), body, b"\0\0\0\0"]
            break
        if kind == b"IEND" or end > len(data):
            break
        if kind in _DECODED:
            parts.append(view[start:end])
        elif kind in _READ and kind not in read and _is_whole(view[start:end]):
            read[kind] = bytes(view[start + 8 : end - 4])
        start = end
    parts.append(struct.pack(">I4sI", 0, b"IEND", zlib.crc32(b"IEND")))
    return PngFile(b"".join(parts), read)


def _is_whole(chunk: memoryview) -> bool:
    return zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:], "big")
