"""Say inside each file, for machines, that its pictures were made by a trained algorithm.

The statement is an XMP packet (ISO 16684-1) with the IPTC property Digital Source Type. Where a packet goes
is laid down by Adobe's XMP specification, part 3 (GIF, MP4, PNG), and by the WebP container specification.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

TRAINED_ALGORITHMIC_MEDIA = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CREATOR_TOOL = "Moving Portraits"

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_XMP = "http://ns.adobe.com/xap/1.0/"

XMP_PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="{_RDF}">
  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{_IPTC_EXTENSION}" xmlns:xmp="{_XMP}">
   <Iptc4xmpExt:DigitalSourceType>{TRAINED_ALGORITHMIC_MEDIA}</Iptc4xmpExt:DigitalSourceType>
   <xmp:CreatorTool>{CREATOR_TOOL}</xmp:CreatorTool>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>""".encode()

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEYWORD = b"XML:com.adobe.xmp"
_WEBP_XMP_FLAG = 0x04
_MP4_XMP_UUID = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
_GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
# The packet lies bare in the GIF, where a reader expects blocks that begin with their length. Whatever byte such
# a reader takes for a length, these bytes lead it to the terminator.
_GIF_LANDING = bytes([0x01, *range(0xFF, -1, -1), 0x00])


@dataclass(frozen=True)
class Provenance:
    """What a file says about where it comes from."""

    digital_source_type: str  # a URI of the IPTC's vocabulary
    creator_tool: str


def with_provenance(data: bytes) -> bytes:
    """The WebP, GIF, MP4 or PNG file with the statement added. Raises ValueError for anything else."""
    if data.startswith(_PNG_SIGNATURE):
        return _into_png(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _into_webp(data)
    if data.startswith(b"GIF89a"):
        start = _gif_header_length(data)
        return data[:start] + _GIF_XMP + XMP_PACKET + _GIF_LANDING + data[start:]
    if data[4:8] == b"ftyp":
        # At the end, so that no offset into the film changes.
        return data + struct.pack(">I4s", 24 + len(XMP_PACKET), b"uuid") + _MP4_XMP_UUID + XMP_PACKET
    raise ValueError("Only WebP, GIF, MP4 and PNG files can carry the statement.")


def read_provenance(data: bytes) -> Provenance | None:
    """What a WebP, GIF, MP4 or PNG file states, or None when it states nothing."""
    packet = _find_packet(data)
    if packet is None:
        return None
    tree = ElementTree.fromstring(packet.strip(b"\0"))
    source = tree.findtext(f".//{{{_IPTC_EXTENSION}}}DigitalSourceType")
    if source is None:
        return None
    return Provenance(source.strip(), (tree.findtext(f".//{{{_XMP}}}CreatorTool") or "").strip())


def _find_packet(data: bytes) -> bytes | None:
    if data.startswith(_PNG_SIGNATURE):
        for kind, body in _png_chunks(data):
            keyword, _, rest = body.partition(b"\0")
            if kind == b"iTXt" and keyword == _PNG_KEYWORD:
                return rest[2:].split(b"\0", 2)[2]  # after two flags, the language and the translated keyword
    elif data.startswith(b"RIFF"):
        for kind, body in _webp_chunks(data):
            if kind == b"XMP ":
                return body
    elif data.startswith(b"GIF89a"):
        start = data.find(_GIF_XMP, _gif_header_length(data))
        if start >= 0:
            return data[start + len(_GIF_XMP) : data.index(_GIF_LANDING[:16], start)]
    elif data[4:8] == b"ftyp":
        for kind, body in _mp4_boxes(data):
            if kind == b"uuid" and body.startswith(_MP4_XMP_UUID):
                return body[len(_MP4_XMP_UUID) :]
    return None


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_PNG_SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def _into_png(data: bytes) -> bytes:
    # Keyword, not compressed, compression method, no language, no translated keyword.
    body = b"iTXt" + _PNG_KEYWORD + b"\0\0\0\0\0" + XMP_PACKET
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    after_header = len(_PNG_SIGNATURE) + 12 + 13
    return data[:after_header] + chunk + data[after_header:]


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _into_webp(data: bytes) -> bytes:
    kind, header = next(_webp_chunks(data))
    if kind != b"VP8X":
        raise ValueError("Only a WebP file in the extended format, as all animated ones are, can carry it.")
    flags = bytes([header[0] | _WEBP_XMP_FLAG])
    chunk = struct.pack("<4sI", b"XMP ", len(XMP_PACKET)) + XMP_PACKET + b"\0" * (len(XMP_PACKET) % 2)
    body = data[8:20] + flags + data[21:] + chunk
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _gif_header_length(data: bytes) -> int:
    """The signature, the logical screen descriptor and the global colour table, if there is one."""
    packed = data[10]
    return 13 + (3 << ((packed & 0x07) + 1) if packed & 0x80 else 0)


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
