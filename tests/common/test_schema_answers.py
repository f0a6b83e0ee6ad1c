"""Every call of the API succeeds once, and its answer matches the description."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings
from rest_framework.test import APIClient

from lounge.models import Entry
from portrait.queue import transitions
from tests.common.description import operations, schema, validator
from tests.portrait.kit import claim, write_results
from tests.portrait.pictures import astronaut, encoded
from user.models import User

PASSWORD = "nargles-are-real"


class FrontEnd:
    """Calls the service, holds each answer against the description, and remembers what it has called."""

    def __init__(self) -> None:
        self.client = APIClient()
        self.called: set[str] = set()

    def call(self, name: str, body: Any = None, *, path: dict[str, Any] | None = None, **options: Any) -> Any:
        """``name`` is ``"METHOD /path/"`` as in the description; the answer's JSON."""
        method, template = name.split()
        operation = schema()["paths"][template][method.lower()]
        response = getattr(self.client, method.lower())(template.format(**(path or {})), body, **options)
        assert response.status_code == 200, (name, response.content)
        media = operation["responses"]["200"]["content"]["application/json"]
        faults = [error.message for error in validator(media["schema"]).iter_errors(response.json())]
        assert faults == [], name
        # The description leaves no field of an answer out.
        assert_nothing_undescribed(response.json(), media["schema"], name)
        self.called.add(name)
        return response.json()

    def fetch(self, name: str) -> None:
        """A call that answers with a file."""
        method, path = name.split()
        described = schema()["paths"][path][method.lower()]["responses"]["200"]["content"]
        response = getattr(self.client, method.lower())(path)
        assert response.status_code == 200
        assert response["Content-Type"] in described
        self.called.add(name)

    def carry(self, pair: dict[str, str]) -> None:
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")


def assert_nothing_undescribed(value: Any, described: dict[str, Any], where: str) -> None:
    if "$ref" in described:
        described = schema()["components"]["schemas"][described["$ref"].rpartition("/")[2]]
    for choice in described.get("oneOf", described.get("allOf", ())):
        if "$ref" in choice:
            described = schema()["components"]["schemas"][choice["$ref"].rpartition("/")[2]]
    if isinstance(value, dict):
        assert value.keys() <= described["properties"].keys(), where
        for key, part in value.items():
            assert_nothing_undescribed(part, described["properties"][key], f"{where} {key}")
    if isinstance(value, list):
        for part in value:
            assert_nothing_undescribed(part, described["items"], where)


@pytest.fixture
def photo() -> SimpleUploadedFile:
    return SimpleUploadedFile("me.jpg", encoded(astronaut(), "JPEG"), "image/jpeg")


def test_every_call_answers_as_described(houses: None, photo: SimpleUploadedFile, settings: Settings) -> None:
    front = FrontEnd()
    me = {"username": "luna", "password": PASSWORD}
    front.call("POST /user/", {**me, "fullname": "김루나"})
    pair = front.call("POST /user/api/token/", me)
    pair = front.call("POST /user/api/token/refresh/", {"refresh": pair["refresh"]})
    front.carry(pair)

    front.call("GET /user/portrait/options/")
    front.call("POST /user/main/", {"pic": photo, "seed": "7"}, format="multipart")
    front.call("POST /user/portrait/cancel/")
    front.call("POST /user/portrait/retry/")
    front.call("GET /user/portrait/")
    front.fetch("GET /user/portrait/events")
    front.call("POST /user/portrait/again/", {"motion": "nod"})
    made = claim()
    assert transitions.finish(made, write_results(made))
    front.call("POST /user/portrait/previews/")
    front.call("GET /user/portrait/previews/")
    clip = SimpleUploadedFile("me.webm", b"\x1aE\xdf\xa3 a film", "video/webm")
    front.call("POST /user/portrait/perform/", {"clip": clip}, format="multipart")
    front.call("GET /user/portrait/perform/")
    front.call("DELETE /user/portrait/perform/")
    front.call("GET /user/portrait/history/")
    front.call("POST /user/portrait/choose/", {"id": made.pk})

    front.call("GET /dorm/houses/")
    questions = front.call("GET /dorm/question/")["questions"]
    form = {"preferred": 4, "birthday": "1981-02-13"}
    answers = [question["answers"][0]["id"] for question in questions]
    front.call("GET /dorm/sorting/look/")
    front.call("POST /dorm/sorting/", {**form, "answers": answers})
    front.call("DELETE /dorm/sorting/look/")
    for path in ("/dorm/sorting/", "/dorm/myroom/", "/dorm/card/", "/user/me/"):
        front.call(f"GET {path}")

    front.fetch("GET /dorm/card/image/")
    for method in ("POST", "GET", "DELETE"):
        front.call(f"{method} /dorm/card/share/")

    front.call("POST /lounge/", {"content": "오늘 도서관에서 별자리를 봤어요!"})
    entry = front.call("POST /lounge/post/", {"content": "내일은 그리핀도르와 만나요."})
    front.call(
        "PUT /lounge/edit/{entry_id}/", {"content": "모레는 쉬어요, 정말로."}, path={"entry_id": entry["id"]}
    )
    mine = {"path": {"entry_id": entry["id"]}}
    front.call("PUT /lounge/entries/{entry_id}/reaction/", {"reaction": "star"}, **mine)
    front.call("DELETE /lounge/entries/{entry_id}/reaction/", **mine)
    cho = User.objects.create_user(username="cho", fullname="Cho")
    theirs = Entry.objects.create(author=cho, content="Who has seen my scarf?")
    front.call("POST /lounge/entries/{entry_id}/report/", {}, path={"entry_id": theirs.pk})
    as_of = front.call("GET /lounge/gallery/")["as_of"]
    front.call("GET /lounge/gallery/new/", {"since": as_of})
    for path in ("/lounge/", "/lounge/board/", "/lounge/stats/"):
        front.call(f"GET {path}")
    front.call("DELETE /lounge/delete/{entry_id}/", path={"entry_id": entry["id"]})

    new = "crumple-horned-snorkack"
    pair = front.call("POST /user/password/", {"old_password": PASSWORD, "new_password": new})
    front.carry(pair)
    front.call("POST /user/logout/", {"refresh": pair["refresh"]})
    # Signing out ended the access token as well.
    front.client.credentials()
    front.carry(front.call("POST /user/api/token/", {**me, "password": new}))
    front.call("PATCH /user/me/", {"fullname": "루나 러브굿", "email": "luna@example.org", "password": new})
    front.client.credentials()
    front.call("GET /user/recovery/")
    settings.CAN_SEND_EMAIL = True
    front.call("POST /user/recovery/", {"username": "luna"})
    (letter,) = mail.outbox
    link = next(word for word in letter.body.split() if word.startswith("http"))
    front.carry(front.call("POST /user/recovery/password/", {"link": link, "new_password": PASSWORD}))
    front.call("DELETE /user/me/", {"password": PASSWORD})

    # The other way into a house, for a front end that counts the answers itself.
    other = {"username": "padma", "password": PASSWORD}
    front.client.credentials()
    front.call("POST /user/", {**other, "fullname": "Padma"})
    front.carry(front.call("POST /user/api/token/", other))
    photo.seek(0)
    front.call("POST /user/main/", {"pic": photo}, format="multipart")
    front.call("POST /user/info/", {"dormitory": 4, "birthday": "1981-02-13"})

    assert front.called == {name for name, _ in operations()}
