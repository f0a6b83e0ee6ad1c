"""All cards of a house as a PDF to print and as a ZIP of pictures, for staff."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from django.test import Client
from PIL import Image

from dormitory.card import pdf
from dormitory.card.drawing import HEIGHT, WIDTH
from tests.admin import admin_client, staff
from user.models import User

pytestmark = pytest.mark.usefixtures("houses")

PLACE = "/admin/dormitory/house/4/cards"


@pytest.fixture
def ravens(db: None) -> list[User]:
    names = ("김루나", "Cho / Chang")
    students = [
        User.objects.create_user(username=f"raven{number}", fullname=name, house_id=4)
        for number, name in enumerate(names)
    ]
    User.objects.create_user(username="lion", fullname="Lion", house_id=1)
    User.objects.create_user(username="closed", fullname="Closed", house_id=4, is_active=False)
    return students


def body(client: Client, kind: str) -> bytes:
    response = client.get(f"{PLACE}.{kind}")
    assert response.status_code == 200
    assert response["Content-Disposition"] == f'attachment; filename="Ravenclaw.{kind}"'
    assert response["Cache-Control"].startswith("no-store")
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_the_zip_has_a_picture_of_each_student(admin: Client, ravens: list[User]) -> None:
    archive = zipfile.ZipFile(io.BytesIO(body(admin, "zip")))
    assert archive.testzip() is None
    for student in ravens:
        student.refresh_from_db()
    assert archive.namelist() == [
        f"{ravens[1].student_number} Cho _ Chang.png",
        f"{ravens[0].student_number} 김루나.png",
    ]
    picture = Image.open(io.BytesIO(archive.read(archive.namelist()[0])))
    assert picture.size == (WIDTH, HEIGHT)


def test_the_pdf_shows_every_card_in_its_true_size(admin: Client, ravens: list[User]) -> None:
    data = body(admin, "pdf")
    assert pages_of(data) == [2]
    placed = re.findall(rb"q ([\d.]+) 0 0 ([\d.]+) ", data)
    assert [(round(float(w) / pdf.MM, 1), round(float(h) / pdf.MM, 1)) for w, h in placed] == [
        (85.6, 54.0)
    ] * 2


def pages_of(data: bytes) -> list[int]:
    """The number of pictures on each page, found by way of the table of objects, as a reader finds them."""
    start = int(data.rsplit(b"startxref\n", 1)[1].split()[0])
    table = data[start:].split(b"trailer")[0].split(b"\n", 2)[2]
    places = [int(table[at : at + 10]) for at in range(0, len(table), 20)]
    found = []
    for number, place in list(enumerate(places))[1:]:
        assert data[place:].startswith(f"{number} 0 obj".encode())
        body = data[place:].split(b"endobj", 1)[0]
        if b"/Type /Page " in body:
            found.append(len(re.findall(rb"/Card\d+ ", body)))
        elif b"/DCTDecode" in body:
            length = int(body.split(b"/Length ")[1].split()[0])
            picture = data[place:].split(b"stream\n", 1)[1][:length]
            assert Image.open(io.BytesIO(picture)).mode == "RGB"
    return found


@pytest.mark.parametrize(
    ("count", "pages"), [(0, [0]), (1, [1]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_ten_cards_are_on_a_page(count: int, pages: list[int]) -> None:
    out = io.BytesIO()
    Image.new("RGB", (12, 8), "navy").save(out, "JPEG")
    assert pages_of(b"".join(pdf.sheet([pdf.Jpeg(out.getvalue(), 12, 8)] * count))) == pages


def test_only_staff_who_see_houses_and_students_get_them(
    ravens: list[User], viewer: Client, stranger: Client
) -> None:
    assert viewer.get(f"{PLACE}.zip").status_code == 200
    assert "cards.pdf" in viewer.get("/admin/dormitory/house/4/change/").content.decode()
    assert stranger.get(f"{PLACE}.pdf").status_code == 403
    half = admin_client(staff("argus", "dormitory.view_house"))
    assert half.get(f"{PLACE}.pdf").status_code == 403
    assert "cards.pdf" not in half.get("/admin/dormitory/house/4/change/").content.decode()
    assert (
        viewer.get(f"{PLACE}.exe").status_code
        == viewer.get("/admin/dormitory/house/9/cards.pdf").status_code
        == 404
    )
