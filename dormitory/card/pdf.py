"""A PDF of JPEG pictures in the size of bank cards, ten on a page of A4, to print and to cut out.

Written piece by piece (ISO 32000-1), so that a file of hundreds of cards is never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

# Points of 1/72 inch.
MM = 72 / 25.4
PAGE = (210 * MM, 297 * MM)
# ISO/IEC 7810, ID-1.
CARD = (85.6 * MM, 53.98 * MM)
COLUMNS, ROWS = 2, 5
PER_PAGE = COLUMNS * ROWS
GAP = 3 * MM
# Of the marks at the corners along which one cuts.
MARK = 1.2 * MM

_CATALOG, _PAGES, _FIRST_FREE = 1, 2, 3


@dataclass(frozen=True)
class Jpeg:
    """An RGB picture; the sides in pixels."""

    data: bytes
    width: int
    height: int


class _File:
    """Numbers the objects and remembers where they begin."""

    def __init__(self) -> None:
        self.length = 0
        self.offsets: dict[int, int] = {}
        self.free = _FIRST_FREE

    def new(self) -> int:
        self.free += 1
        return self.free - 1

    def raw(self, data: bytes) -> bytes:
        self.length += len(data)
        return data

    def object(self, number: int, body: str, stream: bytes | None = None) -> bytes:
        self.offsets[number] = self.length
        head = f"{number} 0 obj\n"
        if stream is None:
            return self.raw(f"{head}<< {body} >>\nendobj\n".encode())
        opening = f"{head}<< {body} /Length {len(stream)} >>\nstream\n".encode()
        return self.raw(opening + stream + b"\nendstream\nendobj\n")


def sheet(pictures: Iterable[Jpeg]) -> Iterator[bytes]:
    """The pieces of the file. Without pictures it has one empty page."""
    file = _File()
    # The second line tells programs that the file is not text (7.5.2).
    yield file.raw(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    pages: list[int] = []
    rest = iter(pictures)
    while (first := next(rest, None)) is not None or not pages:
        names: list[int] = []
        for picture in [first, *islice(rest, PER_PAGE - 1)] if first else []:
            names.append(file.new())
            yield file.object(
                names[-1],
                f"/Type /XObject /Subtype /Image /Width {picture.width} /Height {picture.height}"
                " /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode",
                picture.data,
            )
        content, page = file.new(), file.new()
        yield file.object(content, "", _drawn(names).encode())
        resources = " ".join(f"/Card{number} {number} 0 R" for number in names)
        yield file.object(
            page,
            f"/Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {PAGE[0]:.2f} {PAGE[1]:.2f}]"
            f" /Contents {content} 0 R /Resources << /XObject << {resources} >> >>",
        )
        pages.append(page)
    kids = " ".join(f"{page} 0 R" for page in pages)
    yield file.object(_PAGES, f"/Type /Pages /Count {len(pages)} /Kids [{kids}]")
    yield file.object(_CATALOG, f"/Type /Catalog /Pages {_PAGES} 0 R")
    yield _trailer(file)


def _drawn(names: list[int]) -> str:
    """The page's drawing instructions: each card with marks at its corners."""
    left = (PAGE[0] - COLUMNS * CARD[0] - (COLUMNS - 1) * GAP) / 2
    top = (PAGE[1] + ROWS * CARD[1] + (ROWS - 1) * GAP) / 2
    lines = ["0.3 w 0.5 G"]
    for place, name in enumerate(names):
        row, column = divmod(place, COLUMNS)
        x = left + column * (CARD[0] + GAP)
        y = top - CARD[1] - row * (CARD[1] + GAP)
        lines.append(f"q {CARD[0]:.2f} 0 0 {CARD[1]:.2f} {x:.2f} {y:.2f} cm /Card{name} Do Q")
        for corner_x, outward_x in ((x, -MARK), (x + CARD[0], MARK)):
            for corner_y, outward_y in ((y, -MARK), (y + CARD[1], MARK)):
                lines.append(f"{corner_x:.2f} {corner_y:.2f} m {corner_x + outward_x:.2f} {corner_y:.2f} l S")
                lines.append(f"{corner_x:.2f} {corner_y:.2f} m {corner_x:.2f} {corner_y + outward_y:.2f} l S")
    return "\n".join(lines)


def _trailer(file: _File) -> bytes:
    """The table of the objects' places (7.5.4), whose lines have 20 bytes each."""
    start = file.length
    entries = "".join(f"{file.offsets[number]:010d} 00000 n \n" for number in range(1, file.free))
    return (
        f"xref\n0 {file.free}\n0000000000 65535 f \n{entries}"
        f"trailer\n<< /Size {file.free} /Root {_CATALOG} 0 R >>\nstartxref\n{start}\n%%EOF\n"
    ).encode()
