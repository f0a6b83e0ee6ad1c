"""Students as CSV: what staff upload to make accounts, and what they download.

Spreadsheets write UTF-8 with a byte order mark, or the code page of Windows in Korea. A cell that a spreadsheet would
run as a formula is written with an apostrophe in front, which is taken away when it is read again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from user.api_fields import FullnameField, NewUsernameField
from user.models import CLASS_NAME_LENGTH, User

MAX_BYTES = 1024 * 1024
MAX_ROWS = 2000
REQUIRED = ("username", "fullname")
COLUMNS = (*REQUIRED, "email", "class")
WRITTEN = (*COLUMNS, "house", "student_number", "birthday", "admission_day", "portrait")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class NewStudent:
    username: str
    fullname: str
    email: str
    school_class: str


class FileFault(Exception):
    """The file cannot be used; the message is one sentence for staff."""


@dataclass(frozen=True)
class RowFault:
    line: int
    column: str
    text: str


class _Row(serializers.Serializer[NewStudent]):
    username = NewUsernameField()
    fullname = FullnameField()
    email = serializers.EmailField(allow_blank=True, max_length=254)

    def get_fields(self) -> dict[str, serializers.Field]:
        school_class = serializers.CharField(allow_blank=True, max_length=CLASS_NAME_LENGTH)
        return {**super().get_fields(), "class": school_class}


def read(data: bytes) -> tuple[list[NewStudent], list[RowFault]]:
    """The students of an uploaded file, and all that is wrong with its rows. Raises FileFault."""
    rows = list(_rows(data))
    students: list[NewStudent] = []
    faults: list[RowFault] = []
    # The line of each username.
    lines: dict[str, int] = {}
    form = _Row()
    for line, row in rows:
        try:
            found = form.run_validation(row)
        except ValidationError as error:
            detail: object = error.detail
            assert isinstance(detail, dict)
            faults += [RowFault(line, name, str(text)) for name, texts in detail.items() for text in texts]
            continue
        if first := lines.get(found["username"]):
            faults.append(RowFault(line, "username", _("Line %(line)s has it already.") % {"line": first}))
        lines.setdefault(found["username"], line)
        students.append(
            NewStudent(found["username"], found["fullname"], found["email"], found["class"].strip())
        )
    taken = User.objects.filter(username__in=lines).values_list("username", flat=True)
    text = _("A student with that username already exists.")
    faults += [RowFault(lines[username], "username", text) for username in taken]
    return students, sorted(faults, key=lambda fault: fault.line)


def _rows(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    if len(data) > MAX_BYTES:
        raise FileFault(_("The file has more than a megabyte."))
    reader = csv.reader(io.StringIO(_decoded(data), newline=""))
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        if missing := [name for name in REQUIRED if name not in head]:
            raise FileFault(_("The first line lacks: %(columns)s.") % {"columns": ", ".join(missing)})
        count = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MAX_ROWS:
                raise FileFault(_("The file has more than %(count)s students.") % {"count": MAX_ROWS})
            row = dict(zip(head, map(_unguarded, cells), strict=False))
            yield reader.line_num, {name: row.get(name, "") for name in COLUMNS}
    except csv.Error as error:
        raise FileFault(_("This is no CSV file.")) from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileFault(_("The letters of the file cannot be read. Save it as CSV UTF-8."))


def written(students: Iterable[User]) -> Iterator[str]:
    """The lines of a file for spreadsheets; ``students`` come with their house and their class."""
    yield "\ufeff" + _line(WRITTEN)
    for student in students:
        yield _line(
            (
                student.username,
                student.fullname,
                student.email,
                student.school_class.name if student.school_class else "",
                student.house.name if student.house else "",
                student.student_number or "",
                student.birthday.isoformat() if student.birthday else "",
                student.join_date.isoformat() if student.join_date else "",
                "yes" if student.portrait else "no",
            )
        )


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([_guarded(cell) for cell in cells])
    return out.getvalue()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _unguarded(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
