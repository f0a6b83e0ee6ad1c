"""The look is asked for at the photo, adds its points to the quiz's, says why, and can be refused afterwards."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from dormitory.models import House, LookedSorting
from portrait.models import PortraitJob
from tests.dormitory.test_sorting import form
from user.models import User

pytestmark = pytest.mark.usefixtures("houses")

SORTING = "/dorm/sorting/"
LOOK = "/dorm/sorting/look/"
GREEN = {"tilt": -9.0, "clothes_green": 0.8}


def read(student: User, readings: dict[str, float] | None, *, wanted: bool = True) -> None:
    """The worker has read the student's picture."""
    PortraitJob.objects.filter(student=student).update(look=wanted, readings=readings)


def test_the_answer_shows_the_points_of_both_and_says_why(as_alice: APIClient, photographed: User) -> None:
    read(photographed, GREEN)
    answer = as_alice.post(SORTING, {**form(4, 4, 2, preferred=3), "look": True}).json()
    assert answer["house"]["id"] == 4
    assert [(one["score"], one["look"]) for one in answer["scores"]] == [(0, 0), (4, 0), (2, 1.4), (8, 0)]
    assert answer["looked"] is True
    assert answer["seen"] == [
        {
            "feature": "tilt",
            "words": "your head leans to the left of the picture",
            "points": 0.6,
            "symbol": "wave",
        },
        {"feature": "clothes_green", "words": "green in your clothes", "points": 0.8, "symbol": "wave"},
    ]


def test_the_words_come_in_the_students_language(as_alice: APIClient, photographed: User) -> None:
    read(photographed, GREEN)
    answer = as_alice.get(LOOK, headers={"Accept-Language": "ko"}).json()
    assert [one["words"] for one in answer["seen"]] == [
        "고개가 사진의 왼쪽으로 기울어 있어요",
        "옷에 초록색이 있어요",
    ]


def test_the_picture_decides_between_houses_that_are_level(as_alice: APIClient, photographed: User) -> None:
    read(photographed, {"clothes_green": 0.3})
    answer = as_alice.post(SORTING, {**form(3, 4, preferred=1), "look": True}).json()
    assert [one["score"] for one in answer["scores"]] == [2, 0, 6, 6]
    assert answer["house"]["id"] == 3


@pytest.mark.parametrize(
    ("look", "wanted", "readings"), [(False, True, GREEN), (True, False, None), (True, True, None)]
)
def test_without_asking_or_consent_or_a_reading_the_quiz_decides_alone(
    as_alice: APIClient, photographed: User, look: bool, wanted: bool, readings: dict[str, float] | None
) -> None:
    read(photographed, readings, wanted=wanted)
    answer = as_alice.post(SORTING, {**form(4, 4, 2, preferred=3), "look": look}).json()
    assert (answer["looked"], answer["seen"]) == (False, [])
    assert [one["look"] for one in answer["scores"]] == [0, 0, 0, 0]
    assert not LookedSorting.objects.exists()


def test_the_student_can_see_what_was_read_before_the_sorting(
    as_alice: APIClient, photographed: User
) -> None:
    assert as_alice.get(LOOK).json() == {"wanted": False, "ready": False, "used": False, "seen": []}
    read(photographed, None)
    assert as_alice.get(LOOK).json() == {"wanted": True, "ready": False, "used": False, "seen": []}
    read(photographed, GREEN)
    answer = as_alice.get(LOOK).json()
    assert (answer["wanted"], answer["ready"], answer["used"]) == (True, True, False)
    assert [one["feature"] for one in answer["seen"]] == ["tilt", "clothes_green"]


def test_saying_no_before_the_sorting_deletes_the_readings(as_alice: APIClient, photographed: User) -> None:
    read(photographed, GREEN)
    assert as_alice.delete(LOOK).json() == {"wanted": False, "ready": False, "used": False, "seen": []}
    assert list(PortraitJob.objects.values_list("look", "readings")) == [(False, None)]
    assert as_alice.post(SORTING, {**form(1, preferred=1), "look": True}).json()["looked"] is False


def test_saying_no_afterwards_sorts_by_the_quiz_alone(as_alice: APIClient, photographed: User) -> None:
    read(photographed, GREEN)
    body = {**form(3, 4, preferred=1), "look": True}
    assert as_alice.post(SORTING, body).json()["house"]["id"] == 3
    LookedSorting.objects.update(quiz_house=4)
    before = User.objects.get(pk=photographed.pk).student_number

    assert as_alice.delete(LOOK).json()["used"] is False

    photographed.refresh_from_db()
    assert photographed.house_id == 4
    assert photographed.student_number != before
    assert str(photographed.student_number)[2:4] == "04"
    assert list(PortraitJob.objects.values_list("look", "readings")) == [(False, None)]
    assert as_alice.delete(LOOK).status_code == 200  # a second time changes nothing
    assert User.objects.get(pk=photographed.pk).student_number == photographed.student_number


def test_what_the_staff_changed_since_stays(as_alice: APIClient, photographed: User) -> None:
    read(photographed, GREEN)
    as_alice.post(SORTING, {**form(3, 4, preferred=1), "look": True})
    LookedSorting.objects.update(quiz_house=4)
    User.objects.update(house=2)

    as_alice.delete(LOOK)

    assert User.objects.get(pk=photographed.pk).house_id == 2


def test_a_house_with_a_symbol_of_its_own_gets_nothing_from_pictures(
    as_alice: APIClient, photographed: User
) -> None:
    House.objects.filter(pk=3).update(symbol="shield")
    read(photographed, GREEN)
    answer = as_alice.post(SORTING, {**form(4, 4, 2, preferred=3), "look": True}).json()
    assert [one["look"] for one in answer["scores"]] == [0, 0, 0, 0]


def test_it_is_for_students_only(visitor: APIClient) -> None:
    assert visitor.get(LOOK).status_code == 401
    assert visitor.delete(LOOK).status_code == 401
