"""CSV of students: a file becomes accounts, all or none, and students become a file."""

from __future__ import annotations

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from user import recovery
from user.models import SchoolClass, User

pytestmark = pytest.mark.django_db

PAGE = "/admin/user/user/import/"


def upload(client: Client, text: str | bytes, encoding: str = "utf-8-sig") -> str:
    data = text if isinstance(text, bytes) else text.encode(encoding)
    response = client.post(PAGE, {"file": SimpleUploadedFile("students.csv", data, "text/csv")})
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp949"])
def test_a_file_becomes_accounts_with_links_for_passwords(admin: Client, encoding: str) -> None:
    page = upload(
        admin,
        "username,fullname,email,class\r\nluna,김루나,luna@example.org,1반\r\nneville,Neville,,1반\r\n\r\n",
        encoding,
    )
    luna, neville = User.objects.filter(is_staff=False).order_by("pk")
    assert (luna.fullname, luna.email, neville.email) == ("김루나", "luna@example.org", "")
    assert not luna.has_usable_password()
    assert SchoolClass.objects.get().name == "1반"
    assert set(SchoolClass.objects.get().students.all()) == {luna, neville}
    links = [part.split('"')[0] for part in page.split('value="')[1:] if "new-password" in part]
    assert [recovery.student_of(link) for link in links] == [luna, neville]


def test_one_wrong_line_and_nothing_is_imported(admin: Client, alice: User) -> None:
    page = upload(
        admin,
        "fullname,username\nGood,good\nNo Name,\nAlice,alice\nTwin,good\nMail,mail\n",
    )
    assert "Nothing was imported" in page
    for line in ("<td>3</td><td>username</td>", "<td>4</td><td>username</td>", "<td>5</td><td>username</td>"):
        assert line in page
    assert "Line 2 has it already." in page
    assert not User.objects.filter(username__in=("good", "mail")).exists()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"name;mail\n", "The first line lacks: username, fullname."),
        (b"", "The submitted file is empty."),
        (b"username,fullname\n\xff\xff\xff,x\n", "The letters of the file cannot be read."),
        (b"username,fullname\n" + b"x" * (1024 * 1024), "The file has more than a megabyte."),
        (b"username,fullname\n" + b"a,b\n" * 2001, "The file has more than 2000 students."),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(admin: Client, data: bytes, sentence: str) -> None:
    assert sentence in upload(admin, data)
    assert User.objects.filter(is_staff=False).count() == 0


def test_students_become_a_file_for_spreadsheets(admin: Client, alice: User) -> None:
    User.objects.create_user(
        username="+formula", fullname="=1+1", school_class=SchoolClass.objects.create(name="A")
    )
    chosen = list(User.objects.filter(is_staff=False).values_list("pk", flat=True))
    response = admin.post("/admin/user/user/", {"action": "download", "_selected_action": chosen})
    assert "attachment" in response["Content-Disposition"]
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    assert text.startswith("\ufeffusername,")
    rows = {row["fullname"]: row for row in csv.DictReader(io.StringIO(text.lstrip("\ufeff")))}
    assert rows["Alice"]["username"] == "alice"
    assert rows["'=1+1"]["username"] == "'+formula"
    assert rows["'=1+1"]["class"] == "A"
    # What was downloaded can be uploaded again elsewhere.
    User.objects.filter(pk__in=chosen).delete()
    upload(admin, text.encode())
    assert User.objects.get(username="+formula").fullname == "=1+1"


def test_only_who_may_add_students_imports(viewer: Client, stranger: Client) -> None:
    for client in (viewer, stranger):
        assert client.get(PAGE).status_code == 403
    assert Client().get(PAGE).status_code == 302
