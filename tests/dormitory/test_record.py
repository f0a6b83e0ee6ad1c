from __future__ import annotations

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from tests.portrait.kit import make_portrait, signed_file
from user.models import User

PATHS = pytest.mark.parametrize("path", ["/dorm/sorting/", "/dorm/myroom/"])


@PATHS
def test_it_has_exactly_the_fields_of_the_contract(as_alice: APIClient, ravenclaw: User, path: str) -> None:
    response = as_alice.get(path)
    assert response.status_code == 200
    answer = response.json()
    assert signed_file(answer.pop("portrait")) == ravenclaw.still.name
    assert answer == {
        "id": ravenclaw.pk,
        "fullname": "Alice",
        "dormitory_id": 4,
        "dormitory": "Ravenclaw",
        "birthday": "2005-02-13",
        "join_date": timezone.localdate().isoformat(),
    }


@PATHS
def test_the_portrait_is_the_moving_one_once_it_is_there(
    as_alice: APIClient, ravenclaw: User, path: str
) -> None:
    job = make_portrait(ravenclaw)
    assert as_alice.get(path).json()["portrait"] == f"http://testserver{job.webp.url}"


@PATHS
@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "You have not been sorted yet."), ("ko", "아직 기숙사 배정을 받지 않았습니다.")],
)
def test_before_the_sorting_there_is_none(
    as_alice: APIClient, photographed: User, path: str, language: str, sentence: str
) -> None:
    response = as_alice.get(path, headers={"Accept-Language": language})
    assert response.status_code == 404
    assert (response.json()["code"], response.json()["detail"]) == ("not_sorted", sentence)


@PATHS
def test_a_student_sorted_by_hand_may_lack_dates_and_photo(
    as_alice: APIClient, alice: User, houses: None, path: str
) -> None:
    User.objects.update(house=1)
    record = as_alice.get(path).json()
    assert (record["dormitory"], record["portrait"]) == (
        "Gryffindor",
        "http://testserver/web/art/empty-frame.svg",
    )
    assert (record["birthday"], record["join_date"]) == (None, None)


@PATHS
def test_it_takes_two_queries(
    as_alice: APIClient, ravenclaw: User, django_assert_num_queries: DjangoAssertNumQueries, path: str
) -> None:
    with django_assert_num_queries(2):
        as_alice.get(path)


@PATHS
def test_a_deleted_student_has_no_record(as_alice: APIClient, ravenclaw: User, path: str) -> None:
    ravenclaw.delete()
    assert as_alice.get(path).status_code == 401


@PATHS
def test_it_is_for_students_only(visitor: APIClient, path: str) -> None:
    assert visitor.get(path).status_code == 401
