from __future__ import annotations

import datetime

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from user.models import User

pytestmark = pytest.mark.usefixtures("houses")

FORM = {"dormitory": 4, "birthday": "2005-02-13"}


def test_it_writes_house_birthday_and_admission_day(as_alice: APIClient, photographed: User) -> None:
    response = as_alice.post("/user/info/", FORM)
    assert (response.status_code, response.json()) == (200, {"msg": "success"})
    photographed.refresh_from_db()
    assert photographed.house is not None
    assert photographed.house.name == "Ravenclaw"
    assert photographed.birthday == datetime.date(2005, 2, 13)
    assert photographed.join_date == timezone.localdate()
    assert photographed.student_number == f"{timezone.localdate():%y}040001"


def test_a_portrait_that_came_first_stays(as_alice: APIClient, photographed: User) -> None:
    User.objects.update(portrait="portraits/x/moving.webp")
    assert as_alice.post("/user/info/", FORM).status_code == 200
    photographed.refresh_from_db()
    assert photographed.portrait == "portraits/x/moving.webp"


def test_without_a_photo_it_is_refused(as_alice: APIClient) -> None:
    response = as_alice.post("/user/info/", FORM)
    assert (response.status_code, response.json()["code"]) == (400, "photo_missing")


def test_once_sorted_stays_sorted(as_alice: APIClient, photographed: User) -> None:
    assert as_alice.post("/user/info/", FORM).status_code == 200
    response = as_alice.post("/user/info/", {**FORM, "dormitory": 1})
    assert (response.status_code, response.json()["code"]) == (400, "already_sorted")
    photographed.refresh_from_db()
    assert photographed.house_id == 4


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"dormitory": 9}, "dormitory", "does_not_exist"),
        ({"dormitory": "x"}, "dormitory", "incorrect_type"),
        ({"dormitory": 4.5}, "dormitory", "incorrect_type"),
        ({"dormitory": 10**30}, "dormitory", "does_not_exist"),
        ({"dormitory": None}, "dormitory", "null"),
        ({"birthday": "13.02.2005"}, "birthday", "invalid"),
        ({"birthday": "2005-02-30"}, "birthday", "invalid"),
        ({"birthday": "2999-01-01"}, "birthday", "birthday_in_future"),
        ({"birthday": "1066-10-14"}, "birthday", "birthday_too_early"),
    ],
)
def test_bad_values_are_named(
    as_alice: APIClient, photographed: User, change: dict[str, object], field: str, code: str
) -> None:
    response = as_alice.post("/user/info/", {**FORM, **change})
    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


def test_it_is_for_students_only(visitor: APIClient) -> None:
    assert visitor.post("/user/info/", FORM).status_code == 401
