"""Reads the provenance statement back from a file, independently of how the product writes it."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_KEYWORD = b"XML:com.adobe.xmp"
JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
MP4_XMP_UUID = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
GIF_TRAILER = bytes([0x01, *range(0xFF, 0xF0, -1)])  # its first bytes
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
XMP = "http://ns.adobe.com/xap/1.0/"


@dataclass(frozen=True)
class Provenance:
    """The statement in a file."""

    digital_source_type: str  # a URI of the IPTC vocabulary
    creator_tool: str


def read_provenance(data: bytes) -> Provenance | None:
    """The statement in a WebP, AVIF, GIF, MP4, JPEG, PNG or ZIP file, or None."""
    packet = _find_packet(data)
    if packet is None:
        return None
    tree = ElementTree.fromstring(packet.strip(b"\0"))
    source = tree.findtext(f".//{{{IPTC_EXTENSION}}}DigitalSourceType")
    if source is None:
        return None
    return Provenance(source.strip(), (tree.findtext(f".//{{{XMP}}}CreatorTool") or "").strip())


def _find_packet(data: bytes) -> bytes | None:
    if data.startswith(PNG_SIGNATURE):
        for kind, body in _png_chunks(data):
            keyword, _, rest = body.partition(b"\0")
            if kind == b"iTXt" and keyword == PNG_KEYWORD:
                return rest[2:].split(b"\0", 2)[2]  # after two flags, the language and the translated keyword
    elif data.startswith(b"\xff\xd8"):
        for marker, body in _jpeg_segments(data):
            if marker == 0xE1 and body.startswith(JPEG_XMP):
                return body[len(JPEG_XMP) :]
    elif data.startswith(b"RIFF"):
        for kind, body in _webp_chunks(data):
            if kind == b"XMP ":
                return body
    elif data.startswith(b"GIF89a"):
        start = data.find(GIF_XMP)
        if start >= 0:
            return data[start + len(GIF_XMP) : data.index(GIF_TRAILER, start)]
    elif data[4:8] == b"ftyp":
        for kind, body in _mp4_boxes(data):
            if kind == b"uuid" and body.startswith(MP4_XMP_UUID):
                return body[len(MP4_XMP_UUID) :]
    elif data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read("provenance.xmp") if "provenance.xmp" in archive.namelist() else None
    return None


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Those before the picture's data."""
    at = 2
    while data[at] == 0xFF and data[at + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, at + 2)
        yield data[at + 1], data[at + 4 : at + 2 + length]
        at += 2 + length


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _mp4_boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        header = 8
        if length == 1:  # the 64-bit form
            (length,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        elif length == 0:  # to the end of the file
            length = len(data) - at
        if length < header:
            return
        yield kind, data[at + header : at + length]
        at += length
