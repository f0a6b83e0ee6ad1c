"""Students sign up with the code of their class, which has a limit of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from tests.conftest import PASSWORD
from user.join_codes import LENGTH, LETTERS, new_code
from user.models import SchoolClass, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def empty_cache() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def potions() -> SchoolClass:
    return SchoolClass.objects.create(name="Potions")


def sign_up(client: APIClient, number: int, code: str) -> int:
    form = {"username": f"student{number}", "fullname": "Luna", "password": PASSWORD, "join_code": code}
    return int(client.post("/user/", form).status_code)


def test_a_code_is_found_however_it_is_typed(visitor: APIClient, potions: SchoolClass) -> None:
    code = potions.code
    assert len(code) == LENGTH and set(code) <= set(LETTERS)
    for number, typed in enumerate((code, code.lower(), f" {code[:4]}-{code[4:]} ")):
        assert sign_up(visitor, number, typed) == 200
    assert potions.students.count() == 3
    assert sign_up(visitor, 4, "") == 200
    assert User.objects.get(username="student4").school_class is None


@pytest.mark.parametrize("code", ["ABCD2345", "x' or 1=1", "ㅁㄴㅇㄹ"])
def test_a_wrong_code_makes_no_account(visitor: APIClient, potions: SchoolClass, code: str) -> None:
    form = {"username": "luna", "fullname": "Luna", "password": PASSWORD, "join_code": code}
    response = visitor.post("/user/", form)
    assert response.status_code == 400
    assert [(e["field"], e["code"]) for e in response.json()["errors"]] == [
        ("join_code", "join_code_unknown")
    ]
    assert not User.objects.exists()


def test_a_closed_class_takes_nobody(visitor: APIClient, potions: SchoolClass) -> None:
    SchoolClass.objects.update(open=False)
    assert sign_up(visitor, 1, potions.code) == 400


def test_sign_ups_with_a_code_are_counted_with_the_class(
    visitor: APIClient, potions: SchoolClass, monkeypatch: pytest.MonkeyPatch, no_limits: None
) -> None:
    rates = {**SimpleRateThrottle.THROTTLE_RATES, "sign-up": "1/minute", "class-sign-up": "3/minute"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    other = SchoolClass.objects.create(name="Charms")
    assert [sign_up(visitor, number, potions.code.lower()) for number in range(4)] == [200, 200, 200, 429]
    assert sign_up(visitor, 5, other.code) == 200
    assert [sign_up(visitor, number, "") for number in (6, 7)] == [200, 429]
    # A wrong code is no way around the limit of the network.
    assert sign_up(visitor, 8, new_code()) == 429


def test_staff_make_classes_and_renew_codes(admin: Client, potions: SchoolClass) -> None:
    place = "/admin/user/schoolclass/"
    assert admin.post(f"{place}add/", {"name": "Charms", "open": "on"}).status_code == 302
    assert potions.code in admin.get(place).content.decode()
    page = admin.post(place, {"action": "renew", "_selected_action": [potions.pk]}, follow=True)
    assert "1 class has a new code." in page.content.decode()
    assert SchoolClass.objects.get(pk=potions.pk).code != potions.code
