from __future__ import annotations

import pytest
from django.db.models import ProtectedError
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from dormitory.models import House
from user.models import User

URL = "/dorm/houses/"


@pytest.mark.usefixtures("houses")
def test_the_houses_come_in_the_order_of_their_ids(as_alice: APIClient) -> None:
    response = as_alice.get(URL)
    assert response.status_code == 200
    houses = response.json()["houses"]
    assert [(house["id"], house["name"]) for house in houses] == [
        (1, "Gryffindor"),
        (2, "Hufflepuff"),
        (3, "Slytherin"),
        (4, "Ravenclaw"),
    ]
    assert all(set(house) == {"id", "name", "local_name", "colour", "desc", "crest"} for house in houses)


@pytest.mark.usefixtures("houses")
def test_descriptions_come_in_the_readers_language(as_alice: APIClient) -> None:
    house = House.objects.get(pk=1)
    for language, text in house.texts.items():
        response = as_alice.get(URL, headers={"Accept-Language": language})
        assert response.json()["houses"][0]["desc"] == text


@pytest.mark.usefixtures("houses")
def test_two_queries_however_many_houses(
    as_alice: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    House.objects.bulk_create([House(name=f"House {number}") for number in range(50)])
    with django_assert_num_queries(2):
        assert len(as_alice.get(URL).json()["houses"]) == 54


def test_a_house_with_members_cannot_be_deleted(ravenclaw: User) -> None:
    with pytest.raises(ProtectedError):
        House.objects.get(pk=4).delete()
    ravenclaw.delete()
    House.objects.get(pk=4).delete()
    assert not House.objects.filter(pk=4).exists()


@pytest.mark.django_db
def test_a_school_without_houses_lists_none(as_alice: APIClient) -> None:
    assert as_alice.get(URL).json() == {"houses": []}
