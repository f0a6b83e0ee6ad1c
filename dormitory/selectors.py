"""Reads of the sorting: the questions, the student's house, the portrait files of the card."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import cast

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotFound

from dormitory import sorting
from dormitory.look import rules
from dormitory.look.rules import Seen
from dormitory.models import Answer, House, LookedSorting, Question
from portrait.models import PortraitJob
from portrait.selectors import file_urls, reading_of
from user.models import User
from user.private_pictures import signed_url


@dataclass(frozen=True)
class Asked:
    """A question in the student's language."""

    id: int
    text: str
    answers: list[Answer]


def questions() -> list[Asked]:
    """What is asked at the sorting, in order. Two queries."""
    active = Question.objects.filter(active=True).prefetch_related("answers")
    asked = [Asked(question.pk, question.text, list(question.answers.all())) for question in active]
    # A question without answers is left out.
    return [question for question in asked if question.answers]


def shuffled_questions() -> list[Asked]:
    """:func:`questions`, with the answers of each in random order, so that the position does not reveal the house."""
    return [replace(asked, answers=random.sample(asked.answers, len(asked.answers))) for asked in questions()]


@dataclass(frozen=True)
class LookState:
    """``wanted``: the student lets the picture be read. ``ready``: it was read by now.

    ``used``: it took part in the sorting. ``seen``: what gives points in it.
    """

    wanted: bool
    ready: bool
    used: bool
    seen: list[Seen]


def look_state(student: User) -> LookState:
    """What the sorting knows of the student's picture."""
    wanted, readings = reading_of(student)
    used = LookedSorting.objects.filter(student=student).exists()
    if not wanted or readings is None:
        return LookState(wanted, False, used, [])
    quiz = len(questions()) * sorting.ANSWER_POINTS + sorting.PREFERENCE_POINTS
    return LookState(True, True, used, rules.seen(readings, quiz))


def require_house(student: User) -> None:
    """Raises NotFound (404, ``not_sorted``) before the sorting. No query."""
    if student.house_id is None:
        raise NotFound(_("You have not been sorted yet."), code="not_sorted")


def house_of(student: User) -> House:
    """The student's house. Raises NotFound (404, ``not_sorted``) before the sorting."""
    require_house(student)
    return cast(House, student.house)


def portrait_files(student: User) -> dict[str, str | None]:
    """The URLs (paths) of the portrait that the record shows, by format, for the student alone.

    None for what is not there; the still alone while there is no portrait. At most one query.
    """
    urls: dict[str, str | None] = dict.fromkeys(PortraitJob.SHOWN)
    if not student.portrait:
        return urls | {"still": signed_url(str(student.still.name)) if student.still else None}
    job = PortraitJob.objects.filter(student=student, webp=student.portrait.name).first()
    return file_urls(job) if job else urls | {"webp": student.portrait.url}
