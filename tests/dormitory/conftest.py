"""Alice has sent a photo; ``sort`` puts a student into a house without a request."""

from __future__ import annotations

import datetime

import pytest

from dormitory import services
from dormitory.models import House
from portrait.queue import transitions
from tests.portrait.kit import enqueue
from user.models import User

BIRTHDAY = datetime.date(2005, 2, 13)


def photograph(student: User) -> User:
    """The student has sent a photo; no portrait is being made of it."""
    enqueue(student)
    transitions.cancel(student.pk)
    student.refresh_from_db()
    return student


def sort(student: User, house: int) -> User:
    """``student``, enrolled."""
    services.enrol(student=photograph(student), house=House.objects.get(pk=house), birthday=BIRTHDAY)
    student.refresh_from_db()
    return student


@pytest.fixture
def photographed(alice: User) -> User:
    return photograph(alice)


@pytest.fixture
def ravenclaw(alice: User, houses: None) -> User:
    """Alice, sorted into house 4."""
    return sort(alice, 4)
