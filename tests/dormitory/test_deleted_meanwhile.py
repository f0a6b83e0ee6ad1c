"""Students and houses that are deleted between one step of a request and the next."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from rest_framework.exceptions import AuthenticationFailed

from dormitory import selectors, services
from dormitory.models import House
from tests.dormitory.conftest import BIRTHDAY
from user.models import User

pytestmark = pytest.mark.usefixtures("houses")


def test_a_student_who_is_gone_cannot_be_enrolled(photographed: User) -> None:
    User.objects.all().delete()
    with pytest.raises(AuthenticationFailed) as refusal:
        services.enrol(student=photographed, house=House.objects.get(pk=1), birthday=BIRTHDAY)
    assert refusal.value.get_codes() == "user_not_found"


def test_a_student_who_is_gone_gets_no_number(ravenclaw: User) -> None:
    User.objects.all().delete()
    with pytest.raises(AuthenticationFailed):
        services.give_number(student=ravenclaw)


def test_a_house_that_is_gone_wins_nothing(photographed: User) -> None:
    answers = [asked.answers[0] for asked in selectors.questions()]
    preferred = House.objects.get(pk=3)
    House.objects.filter(pk=3).delete()
    # A conflict (409) for the client.
    with pytest.raises(IntegrityError):
        services.sort(student=photographed, answers=answers, preferred=preferred, birthday=BIRTHDAY)
    photographed.refresh_from_db()
    assert photographed.house_id is None


@pytest.mark.django_db(transaction=True)
def test_a_house_that_is_gone_takes_nobody_in(photographed: User) -> None:
    house = House.objects.get(pk=3)
    House.objects.filter(pk=3).delete()
    # The databases notice at the commit, which is why this test needs real transactions.
    with pytest.raises(IntegrityError):
        services.enrol(student=photographed, house=house, birthday=BIRTHDAY)
    photographed.refresh_from_db()
    assert (photographed.house_id, photographed.student_number) == (None, None)
