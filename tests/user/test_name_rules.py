"""New names look like what they are; names from before the rules keep working."""

from __future__ import annotations

import unicodedata

import pytest
from django.test import Client
from rest_framework.test import APIClient

from tests.conftest import PASSWORD
from user.models import User

pytestmark = pytest.mark.django_db

# Of each kind: controls, fillers, joiners, spaces without width, marks of direction, variation selectors, tags.
INVISIBLE = (
    "\x01\x1f\x7f\x85\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b\u180e\u200b\u200c\u200d\u200e\u200f"
    "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2064\u2065\u2066\u2067\u2068\u2069\u206a\u2800"
    "\u3164\ufe00\ufe0f\ufeff\uffa0\ufff0\ufff9\U0001d159\U0001d173\U000e0001\U000e0041\U000e0100\uffff"
)


def refusals(field: str, value: str) -> set[str]:
    """The codes at ``field``; none when the student was signed up."""
    form = {"username": "luna", "fullname": "Luna", "password": PASSWORD, field: value}
    answer = APIClient(headers={"Accept-Language": "en"}).post("/user/", form)
    if answer.status_code == 200:
        return set()
    assert answer.status_code == 400
    assert {fault["field"] for fault in answer.json()["errors"]} == {field}
    assert not User.objects.exists()
    return {fault["code"] for fault in answer.json()["errors"]}


@pytest.mark.parametrize("form", ["Lu{}na", "김{}루나", "{}Luna", "Luna{}", "{}"])
@pytest.mark.parametrize("field", ["username", "fullname"])
def test_an_invisible_character_is_refused_anywhere(field: str, form: str) -> None:
    accepted = []
    for character in INVISIBLE:
        value = form.format(character)
        # What stands at the ends and is whitespace for the framework, or what NFKC takes away, is not kept.
        if unicodedata.normalize("NFKC", value.strip()) in ("Luna", "김루나", ""):
            continue
        if refusals(field, value) != {"invisible_characters"}:
            accepted.append(f"U+{ord(character):04X}")
    assert not accepted


@pytest.mark.parametrize(
    "username",
    [
        "p\u0430ypal",  # Cyrillic a
        "\u0430lice",
        "alic\u0435",
        "\u03bfscar",  # Greek omicron
        "b\u043eb",
        "\u0391lice",  # Greek capital alpha
        "\u0531lice",  # Armenian
        "\u13aalice",  # Cherokee
        "김\u0430",  # Hangul and Cyrillic
        "김カ",  # Hangul and kana
        "\u043e\u03bf",  # Cyrillic and Greek
        "\U0001d400\u0430",  # a bold Latin A, which becomes a plain one
        "a1\u0967",  # digits of two scripts
    ],
)
def test_scripts_that_no_language_mixes_are_refused_in_a_username(username: str) -> None:
    assert refusals("username", username) == {"mixed_scripts"}


@pytest.mark.parametrize(
    "username",
    [
        "luna",
        "김루나",
        "luna김",
        "김luna7",
        "\u1100\u1161",  # typed in jamo
        "李小龍",
        "李루나",
        "ルナ",
        "ルーナさん",
        "luna月ルナ",
        "佐々木",
        "луна",
        "луна7",
        "Ελένη",
        "سلمى",
        "שרה",
        "zoë",
        "l.u+n@a-_1",
        "ａｌｉｃｅ",
    ],
)
def test_what_a_language_is_written_in_is_a_username(username: str) -> None:
    assert refusals("username", username) == set()


@pytest.mark.parametrize(
    "fullname",
    [
        "Luna Lovegood",
        "김 Luna 루나",
        "Анна Smith",
        "محمد Ali",
        "Zoë O\u2019Neil",
        "می\u200cخواهم",
        "\u0915\u094d\u200d\u0937",
        "श्री\u200dमान",
        "Luna 🌙",
        "👩\u200d🚀 Luna",
        "👩🏽\u200d🚀",
        "🏳\ufe0f\u200d🌈",
        "葛\U000e0100城",
        "علی\u200cرضا",
        "ශ්\u200dරීමා",
        "രാജന്\u200d",  # Malayalam, an n without its vowel at the end of a word
        "രാജന്\u200d നായര്\u200d",
        "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f Luna",  # the flag of Scotland
        "1\ufe0f\u20e3 Luna",
        "🙂\u200d\u2194\ufe0f",
        "❤\ufe0f\u200d🔥",
        "佐々木 ルーナ",
    ],
)
def test_names_of_all_languages_and_emoji_are_accepted(fullname: str) -> None:
    assert refusals("fullname", fullname) == set()


@pytest.mark.parametrize(
    "fullname", ["Lun\u0430 Lovegood", "김\u0430", "Luna L\u03bfvegood", "\uff2c\u0443na"]
)
def test_scripts_that_no_language_mixes_are_refused_in_a_word_of_a_name(fullname: str) -> None:
    assert refusals("fullname", fullname) == {"mixed_scripts"}


@pytest.mark.parametrize(
    "fullname",
    [
        "a\u200db",
        "김\u200c루나",
        "👩\u200dx",
        "a\u200d🚀",
        "می\u200c",
        "\u0301",
        "1\ufe0f",
        "ന്\u200c",
        "ക\u200d",
        "🏴\U000e0067",
    ],
)
def test_a_joiner_or_a_mark_with_nothing_to_join_is_refused(fullname: str) -> None:
    assert refusals("fullname", fullname) == {"invisible_characters"}


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Letters that look alike, such as Latin and Cyrillic ones, cannot be mixed."),
        ("ko", "라틴 문자와 키릴 문자처럼 비슷해 보이는 글자를 섞어 쓸 수 없습니다."),
    ],
)
def test_the_refusal_is_in_the_language_of_the_student(language: str, sentence: str) -> None:
    form = {"username": "\u0430lice", "fullname": "Alice", "password": PASSWORD}
    answer = APIClient(headers={"Accept-Language": language}).post("/user/", form)
    assert answer.json()["errors"][0]["detail"] == sentence


OLD = {"username": "\u0430lice", "fullname": "A\u3164"}


@pytest.fixture
def old() -> User:
    """An account from before the rules."""
    return User.objects.create_user(**OLD, password=PASSWORD)


def test_an_account_from_before_the_rules_signs_in_and_changes_its_password(old: User) -> None:
    client = APIClient()
    pair = client.post("/user/api/token/", {"username": OLD["username"], "password": PASSWORD}).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert client.get("/user/me/").json()["fullname"] == OLD["fullname"]
    form = {"old_password": PASSWORD, "new_password": "firebolt-1993-ash"}
    assert client.post("/user/password/", form).status_code == 200


def test_the_admin_edits_an_account_from_before_the_rules(old: User, admin: Client) -> None:
    form = {**OLD, "is_active": "", "birthday": "2010-01-02", "house": ""}
    assert admin.post(f"/admin/user/user/{old.pk}/change/", form).status_code == 302
    old.refresh_from_db()
    assert str(old.birthday) == "2010-01-02"


@pytest.mark.parametrize(("field", "value"), [("username", "b\u043eb"), ("fullname", "B\u202eob")])
def test_the_admin_gives_no_new_name_against_the_rules(
    old: User, admin: Client, field: str, value: str
) -> None:
    changed = admin.post(f"/admin/user/user/{old.pk}/change/", {**OLD, field: value})
    assert field in changed.context["adminform"].errors
    names = {"username": "rose", "fullname": "Rose", field: value}
    passwords = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    added = admin.post("/admin/user/user/add/", {**names, **passwords})
    assert field in added.context["adminform"].errors
    assert User.objects.filter(**{field: value}).count() == 0
