"""Writes of the sorting."""

from __future__ import annotations

import datetime
import random
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed, ValidationError

from dormitory import sorting
from dormitory.look import rules
from dormitory.look.rules import Seen
from dormitory.models import Answer, House, LookedSorting
from dormitory.numbers import next_numbers
from portrait.models import PortraitJob
from portrait.selectors import reading_of
from portrait.services import forget_readings
from user.models import User


@transaction.atomic
def enrol(*, student: User, house: House, birthday: datetime.date) -> None:
    """Put ``student`` into ``house`` from today on, with a student number. This happens once.

    Needs an uploaded photo, but not a finished portrait: the worker writes that into the same record on its own,
    before or after. Raises ``ValidationError`` (400) with code ``photo_missing`` or ``already_sorted``, and
    ``AuthenticationFailed`` (401, ``user_not_found``) when the account was deleted meanwhile.
    """
    # One conditional UPDATE, so that only the first of two concurrent requests succeeds.
    changed = (
        User.objects.filter(pk=student.pk, house__isnull=True)
        .filter(Exists(PortraitJob.objects.filter(student=OuterRef("pk"))))
        .update(house=house, birthday=birthday, join_date=timezone.localdate())
    )
    try:
        student.refresh_from_db(fields=["house", "birthday", "join_date", "student_number"])
    except User.DoesNotExist:
        raise AuthenticationFailed(code="user_not_found") from None
    if changed:
        give_number(student=student)
        return
    if student.house_id is not None:
        raise ValidationError(_("You have been sorted already."), code="already_sorted")
    raise ValidationError(_("Upload a photo first."), code="photo_missing")


@transaction.atomic
def give_number(*, student: User) -> str:
    """The number of a student who has a house; assigned now if there is none (after a sorting in the admin).

    Raises ``AuthenticationFailed`` (401, ``user_not_found``) when the account was deleted meanwhile, and ValueError
    without a house, which the number names.
    """
    # The lock prevents a second number by a concurrent request. SQLite's transactions are locked already.
    record = User.objects.select_for_update(no_key=True, of=("self",)).filter(pk=student.pk).first()
    if record is None:
        raise AuthenticationFailed(code="user_not_found")
    if record.student_number is None:
        if record.house_id is None:
            raise ValueError("A student number names the house.")
        year = (record.join_date or timezone.localdate()).year
        record.student_number = next_numbers(year=year, house=record.house_id)[0]
        record.save(update_fields=["student_number"])
    student.student_number = record.student_number
    return record.student_number


@dataclass(frozen=True)
class Score:
    """``score``: of the quiz. ``look``: what the picture adds."""

    house: House
    score: int
    look: float


@dataclass(frozen=True)
class Sorted:
    """The outcome of a sorting: the house that won, and every house with its score, in the order of ids.

    ``looked``: whether the picture took part. ``seen``: what gave points in it.
    """

    house: House
    scores: list[Score]
    looked: bool
    seen: list[Seen]


@transaction.atomic
def sort(
    *,
    student: User,
    answers: Iterable[Answer],
    preferred: House,
    birthday: datetime.date,
    look: bool = False,
    chance: random.Random | None = None,
) -> Sorted:
    """Find the student's house and enrol them there. ``chance`` breaks ties; the default is unpredictable.

    ``look``: what was read of the student's picture adds its points, where the student wanted that and it was read by
    now. :func:`sort_without_look` takes that back.

    Raises what :func:`enrol` does, and ``IntegrityError`` when a house was deleted since it was chosen.
    """
    houses = House.objects.in_bulk()
    try:
        scores = sorting.tally(
            answers=[answer.house_id for answer in answers], preferred=preferred.pk, houses=sorted(houses)
        )
    except KeyError as gone:
        raise IntegrityError(f"house {gone} was deleted") from None
    chance = chance or random.SystemRandom()
    quiz_house = house = houses[sorting.winner(scores, chance)]
    wanted, readings = reading_of(student) if look else (False, None)
    looked = wanted and readings is not None
    found = rules.seen(readings, sum(scores.values())) if looked and readings else []
    worth = rules.by_symbol(found)
    looks = {pk: worth.get(one.symbol, 0) for pk, one in houses.items()}
    if looked:
        house = houses[sorting.winner(scores, chance, looks)]
    enrol(student=student, house=house, birthday=birthday)
    if looked:
        LookedSorting.objects.create(student=student, house=house, quiz_house=quiz_house)
    told = [Score(houses[pk], score, looks[pk] / rules.TENTHS) for pk, score in scores.items()]
    return Sorted(house, told, looked, found)


@transaction.atomic
def sort_without_look(*, student: User) -> None:
    """The student says no to the look: its readings are deleted, and the quiz alone decides, also afterwards.

    A house that changes brings a student number of that house.
    """
    forget_readings(student=student)
    looked = LookedSorting.objects.select_for_update(of=("self",)).filter(student=student).first()
    if looked is None:
        return
    looked.delete()
    if looked.house_id == looked.quiz_house_id:
        return
    # Filtered on the house: the staff may have moved the student since.
    changed = User.objects.filter(pk=student.pk, house=looked.house_id).update(
        house=looked.quiz_house_id, student_number=None
    )
    student.refresh_from_db(fields=["house", "student_number"])
    if changed:
        give_number(student=student)
