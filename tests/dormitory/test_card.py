from __future__ import annotations

from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from dormitory.models import House
from portrait.models import PortraitJob
from tests.dormitory.conftest import sort
from tests.portrait.kit import make_portrait, signed_file
from user.models import User

URL = "/dorm/card/"


def test_it_shows_what_stands_on_a_student_card(as_alice: APIClient, ravenclaw: User) -> None:
    response = as_alice.get(URL)
    assert response.status_code == 200
    today = timezone.localdate()
    answer = response.json()
    assert signed_file(answer["portrait"].pop("still")) == ravenclaw.still.name
    assert answer == {
        "number": f"{today:%y}040001",
        "fullname": "Alice",
        "birthday": "2005-02-13",
        "join_date": today.isoformat(),
        "house": {"id": 4, "name": "Ravenclaw", "local_name": "Ravenclaw", "colour": "#27478f"},
        "crest": "http://testserver/static/dormitory/crests/star.svg",
        "portrait": dict.fromkeys(("webp", "avif", "gif", "mp4", "poster", "tile", "live")),
    }


def test_a_finished_portrait_is_there_in_every_format(as_alice: APIClient, alice: User, houses: None) -> None:
    job = make_portrait(alice)
    alice.refresh_from_db()
    assert alice.portrait.name == job.webp.name
    User.objects.filter(pk=alice.pk).update(house=4)
    shown = as_alice.get(URL).json()["portrait"]
    assert signed_file(shown.pop("still")) == job.still.name
    assert shown == {name: f"http://testserver{getattr(job, name).url}" for name in PortraitJob.RESULTS}


def test_only_the_portrait_that_the_record_shows_is_on_it(
    as_alice: APIClient, alice: User, bob: User, houses: None
) -> None:
    make_portrait(bob)
    first = make_portrait(alice)
    alice.refresh_from_db()
    second = make_portrait(alice)
    User.objects.filter(pk=alice.pk).update(house=4)
    shown = as_alice.get(URL).json()["portrait"]
    assert shown["mp4"] == f"http://testserver{second.mp4.url}"
    assert first.mp4.url not in str(shown)


def test_before_the_sorting_there_is_no_card(as_alice: APIClient, photographed: User) -> None:
    response = as_alice.get(URL)
    assert (response.status_code, response.json()["code"]) == (404, "not_sorted")


def test_the_number_stays_the_same(as_alice: APIClient, ravenclaw: User) -> None:
    first = as_alice.get(URL).json()["number"]
    User.objects.update(house=1)
    assert as_alice.get(URL).json()["number"] == first


def test_two_of_a_house_have_different_numbers(
    as_alice: APIClient, as_bob: APIClient, bob: User, ravenclaw: User
) -> None:
    sort(bob, 4)
    year = f"{timezone.localdate():%y}"
    assert [client.get(URL).json()["number"] for client in (as_alice, as_bob)] == [
        f"{year}040001",
        f"{year}040002",
    ]


def test_a_student_sorted_by_hand_gets_a_number_once(as_alice: APIClient, alice: User, houses: None) -> None:
    User.objects.update(house=2, join_date="2019-09-01")
    card = as_alice.get(URL).json()
    assert (card["number"], card["birthday"]) == ("19020001", None)
    assert card["portrait"]["still"] is None
    assert as_alice.get(URL).json()["number"] == "19020001"


def test_a_house_without_description_or_crest_has_a_plain_shield(
    as_alice: APIClient, alice: User, houses: None
) -> None:
    sort(alice, House.objects.create(name="Fifth").pk)
    card = as_alice.get(URL).json()
    assert card["house"] == {"id": 5, "name": "Fifth", "local_name": "Fifth", "colour": "#444444"}
    assert card["crest"].endswith("/crests/shield.svg")
    assert card["number"][2:] == "050001"


def test_it_takes_three_queries_at_most(
    as_alice: APIClient, ravenclaw: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        as_alice.get(URL)
    for _ in range(3):
        make_portrait(ravenclaw)
    with django_assert_num_queries(3):
        as_alice.get(URL)


def test_it_is_for_students_only(visitor: APIClient) -> None:
    assert visitor.get(URL).status_code == 401
