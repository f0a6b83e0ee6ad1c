from __future__ import annotations

import threading
import unicodedata
from typing import Literal

import pytest
from django.db import connection
from rest_framework.test import APIClient

from tests.conftest import PASSWORD
from user.models import User

pytestmark = pytest.mark.django_db

FORM = {"fullname": "Luna Lovegood", "username": "luna", "password": PASSWORD}


def test_it_answers_as_the_contract_says_and_keeps_only_a_hash() -> None:
    response = APIClient().post("/user/", FORM)
    assert response.status_code == 200
    assert response.json() == {"messages": "가입 성공"}
    luna = User.objects.get(username="luna")
    assert luna.fullname == "Luna Lovegood"
    assert luna.check_password(PASSWORD)
    assert PASSWORD not in luna.password


def test_it_answers_in_english_to_those_who_ask(visitor: APIClient) -> None:
    assert visitor.post("/user/", FORM).json() == {"messages": "Welcome! You have signed up."}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"username": ""}, "username", "blank"),
        ({"username": None}, "username", "null"),
        ({"username": "x" * 21}, "username", "max_length"),
        ({"username": "two words"}, "username", "invalid_username"),
        ({"fullname": "   "}, "fullname", "blank"),
        ({"fullname": "가" * 41}, "fullname", "max_length"),
        ({"fullname": "Lu\u202ena"}, "fullname", "invisible_characters"),
        ({"fullname": "Lu\x00na"}, "fullname", "null_characters_not_allowed"),
        ({"password": "short1"}, "password", "password_too_short"),
        ({"password": "password"}, "password", "password_too_common"),
        ({"password": "7391846250"}, "password", "password_entirely_numeric"),
        ({"password": "lunalovegood"}, "password", "password_too_similar"),
    ],
)
def test_it_refuses_a_bad_form_and_says_which_field(
    visitor: APIClient, change: dict[str, str | None], field: str, code: str
) -> None:
    response = visitor.post("/user/", {**FORM, **change})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == 400
    assert (field, code) in [(error["field"], error["code"]) for error in body["errors"]]
    assert not User.objects.exists()


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_forty_characters_and_twenty_of_a_username_are_allowed_however_they_are_composed(
    visitor: APIClient, form: Literal["NFC", "NFD"]
) -> None:
    names = {"fullname": "김" * 40, "username": "나" * 20}
    sent = {name: unicodedata.normalize(form, value) for name, value in names.items()}
    assert visitor.post("/user/", {**FORM, **sent}).status_code == 200
    assert User.objects.values("fullname", "username").get() == names


def test_a_long_password_is_counted_as_it_is_read_and_not_as_it_is_typed(visitor: APIClient) -> None:
    decomposed = unicodedata.normalize("NFD", "마법학교비밀번호" * 10)
    assert visitor.post("/user/", {**FORM, "password": decomposed}).status_code == 200
    for form in ("NFC", "NFD"):
        pair = {"username": "luna", "password": unicodedata.normalize(form, decomposed)}
        assert visitor.post("/user/api/token/", pair).status_code == 200
    answer = visitor.post("/user/", {**FORM, "username": "other", "password": "correct-horse" * 10}).json()
    assert [error["code"] for error in answer["errors"]] == ["max_length"]
    assert "128" in answer["detail"]


def test_all_faults_of_the_form_are_in_one_answer(visitor: APIClient) -> None:
    form = {
        "fullname": "Lu\u202en\u0430" + "x" * 40,
        "username": "p\u0430y pal" + "x" * 20,
        "password": "1234",
        "email": "no address",
    }
    answer = visitor.post("/user/", form).json()
    found = {(error["field"], error["code"]) for error in answer["errors"]}
    assert found == {
        *(("fullname", code) for code in ("max_length", "invisible_characters", "mixed_scripts")),
        *(("username", code) for code in ("max_length", "mixed_scripts", "invalid_username")),
        *(("password", f"password_{code}") for code in ("too_short", "too_common", "entirely_numeric")),
        ("email", "invalid"),
    }


def test_a_password_like_a_name_is_refused_beside_the_name_that_is_taken(visitor: APIClient) -> None:
    assert visitor.post("/user/", FORM).status_code == 200
    answer = visitor.post("/user/", {**FORM, "password": "lunalovegood"}).json()
    assert {error["code"] for error in answer["errors"]} == {"username_taken", "password_too_similar"}


def test_a_username_is_taken_once_however_it_is_composed(visitor: APIClient) -> None:
    assert visitor.post("/user/", {**FORM, "username": "한글"}).status_code == 200
    decomposed = "\u1112\u1161\u11ab\u1100\u1173\u11af"
    response = visitor.post("/user/", {**FORM, "username": decomposed})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "username_taken"


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_one_name_at_once_one_gets_it_and_nobody_a_500() -> None:
    barrier = threading.Barrier(2)
    codes: list[int] = []

    def sign_up() -> None:
        barrier.wait()
        codes.append(APIClient().post("/user/", FORM).status_code)
        connection.close()

    threads = [threading.Thread(target=sign_up) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes.count(200) == 1
    assert set(codes) <= {200, 400, 409}
    assert User.objects.filter(username="luna").count() == 1


def test_bad_json_is_a_problem_with_a_code(visitor: APIClient) -> None:
    response = visitor.generic("POST", "/user/", "{", content_type="application/json")
    assert response.status_code == 400
    assert response.json()["code"] == "malformed_body"
