"""Alice has sent a photo; ``sort`` puts a student into a house without a request."""

from __future__ import annotations

import datetime

import pytest

from dormitory import services
from dormitory.models import House
from user.models import User

BIRTHDAY = datetime.date(2005, 2, 13)


def photograph(student: User) -> User:
    """What an upload leaves in the student's record."""
    student.still = f"portraits/{student.username}/still.jpg"
    student.save(update_fields=["still"])
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
