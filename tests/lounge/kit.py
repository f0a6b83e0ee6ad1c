"""Students and entries by the dozen."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone

from lounge.models import Entry
from user.models import User

# A day that no other field of any answer could hold.
BIRTHDAY = datetime.date(1987, 6, 5)


def sort(student: User, house: int) -> User:
    """The student after the sorting, with a portrait."""
    student.house_id = house
    student.birthday = BIRTHDAY
    student.join_date = timezone.localdate()
    student.portrait.name = f"portraits/{student.username}/moving.webp"
    student.poster.name = f"portraits/{student.username}/moving.png"
    student.save()
    return student


def crowd(house: int, number: int) -> list[User]:
    """``number`` more members of the house."""
    return [
        sort(User(username=f"h{house}n{place}", fullname=f"H{house} N{place}", password="!"), house)
        for place in range(number)
    ]


def write(author: User, content: str = "Good evening!", **fields: Any) -> Entry:
    return Entry.objects.create(author=author, content=content, **fields)
