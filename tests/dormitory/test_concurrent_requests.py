"""Concurrent requests; run on PostgreSQL as well."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from rest_framework.exceptions import ValidationError

from dormitory import services
from dormitory.models import Answer, House, Question
from dormitory.seeds.questions import QUESTIONS
from tests.dormitory.conftest import BIRTHDAY, photograph
from tests.portrait.kit import student
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True, reset_sequences=True)


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What each call returned or raised, all started together, each on its own connection."""
    barrier = Barrier(len(calls))

    def begin(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begin, calls))


def enrolment(owner: User, house: int) -> Callable[[], None]:
    return lambda: services.enrol(
        student=User.objects.get(pk=owner.pk), house=House.objects.get(pk=house), birthday=BIRTHDAY
    )


def test_of_several_sortings_of_one_student_one_counts() -> None:
    call_command("seed", verbosity=0)
    alice = photograph(student("alice"))
    outcomes = at_once([enrolment(alice, house) for house in (1, 2, 3, 4)])
    refused = [error for error in outcomes if error is not None]
    assert len(refused) == 3
    assert all(isinstance(error, ValidationError) for error in refused)
    alice.refresh_from_db()
    assert outcomes.index(None) + 1 == alice.house_id
    assert (alice.student_number or "")[2:] == f"{alice.house_id:02d}0001"


def test_students_sorted_at_once_get_different_numbers() -> None:
    call_command("seed", verbosity=0)
    students = [photograph(student(f"student-{number}")) for number in range(8)]
    assert at_once([enrolment(one, 2) for one in students]) == [None] * 8
    numbers = User.objects.order_by("student_number").values_list("student_number", flat=True)
    assert [(number or "")[2:] for number in numbers] == [f"02{number:04d}" for number in range(1, 9)]


def test_a_number_given_out_on_demand_is_given_out_once() -> None:
    call_command("seed", verbosity=0)
    alice = student("alice")
    User.objects.update(house=1)
    numbers = at_once([lambda: services.give_number(student=User.objects.get(pk=alice.pk))] * 4)
    assert len(set(numbers)) == 1
    assert numbers[0] == User.objects.get(pk=alice.pk).student_number


def test_two_machines_that_start_at_once_seed_once() -> None:
    assert at_once([lambda: call_command("seed", verbosity=0)] * 3) == [None] * 3
    assert (House.objects.count(), Question.objects.count()) == (4, len(QUESTIONS))
    assert Answer.objects.count() == 4 * len(QUESTIONS)


def test_ids_go_on_after_those_that_were_given_by_hand() -> None:
    call_command("seed", verbosity=0)
    house = House.objects.create(name="Fifth")
    question = Question.objects.create(texts={"ko": "하나 더?"})
    answer = Answer.objects.create(question=question, house=house, texts={"ko": "네"})
    assert (house.pk, question.pk, answer.pk) == (5, len(QUESTIONS) + 1, 4 * len(QUESTIONS) + 1)
