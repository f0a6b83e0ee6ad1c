"""All cards of a house for staff: a PDF to print, or a ZIP of the pictures. Both are made while they are sent."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator

from PIL import Image

from common.storage import media
from dormitory import services
from dormitory.card import pdf, store
from dormitory.models import House
from user.models import User

# Of the JPEG pictures in the PDF: letters without visible blocks, a third of the PNG's size.
QUALITY = 92


def members(house: House) -> list[int]:
    """The ids of the students with an open account, by name."""
    students = User.objects.filter(house=house, is_active=True).order_by("fullname", "pk")
    return list(students.values_list("pk", flat=True))


def cards(house: House, ids: list[int]) -> Iterator[tuple[User, bytes]]:
    """Each student's card as PNG, drawn where it is not stored; students who have left meanwhile are left out.

    Raises what :meth:`dormitory.card.store.Edition.file` does.
    """
    for pk in ids:
        student = User.objects.filter(pk=pk, house=house).first()
        if student is None:
            continue
        if student.student_number is None:
            services.give_number(student=student)
        yield student, media().read(store.edition(student, house, name=store.OWN).file("png"))


def as_pdf(house: House, ids: list[int]) -> Iterator[bytes]:
    return pdf.sheet(_jpeg(png) for _student, png in cards(house, ids))


def as_zip(house: House, ids: list[int]) -> Iterator[bytes]:
    pieces = _Pieces()
    # Stored: a PNG does not become smaller.
    with zipfile.ZipFile(pieces, "w", zipfile.ZIP_STORED) as archive:
        for student, png in cards(house, ids):
            archive.writestr(f"{student.student_number} {_file_name(student.fullname)}.png", png)
            yield pieces.taken()
    yield pieces.taken()


WRITERS: dict[str, tuple[str, Callable[[House, list[int]], Iterator[bytes]]]] = {
    "pdf": ("application/pdf", as_pdf),
    "zip": ("application/zip", as_zip),
}


def _jpeg(png: bytes) -> pdf.Jpeg:
    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        picture.convert("RGB").save(out, "JPEG", quality=QUALITY, subsampling=0)
        return pdf.Jpeg(out.getvalue(), *picture.size)


def _file_name(name: str) -> str:
    """The name without what file systems refuse."""
    return re.sub(r'[\x00-\x1f<>:"/\\|?*]', "_", name).strip(". ")


class _Pieces(io.RawIOBase):
    """A file that is only written to, and taken away piece by piece."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._written.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        data = b"".join(self._written)
        self._written.clear()
        return data
