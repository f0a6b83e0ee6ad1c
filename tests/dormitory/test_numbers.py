from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from dormitory import services
from dormitory.models import House, NumberSeries
from dormitory.numbers import next_numbers, prefix_of
from tests.conftest import student
from tests.dormitory.conftest import BIRTHDAY, sort
from user.models import User


@pytest.mark.django_db
def test_year_house_and_a_running_number_of_four_digits() -> None:
    assert next_numbers(year=2026, house=4) == ["26040001"]
    assert next_numbers(year=2026, house=4, count=3) == ["26040002", "26040003", "26040004"]
    assert next_numbers(year=2026, house=3) == ["26030001"]
    assert next_numbers(year=2027, house=4) == ["27040001"]


@pytest.mark.django_db
def test_the_ten_thousandth_student_of_a_house_gets_a_longer_number() -> None:
    NumberSeries.objects.create(prefix="2604", last=9998)
    assert next_numbers(year=2026, house=4, count=2) == ["26049999", "260410000"]


@pytest.mark.django_db
def test_a_century_later_the_numbers_run_on() -> None:
    assert next_numbers(year=2026, house=1) == ["26010001"]
    assert next_numbers(year=2126, house=1) == ["26010002"]


Series = st.tuples(st.integers(2000, 2099), st.integers(1, 20_000))


@given(Series, st.integers(1, 200_000), Series, st.integers(1, 200_000))
def test_no_two_series_ever_share_a_number(
    first: tuple[int, int], one: int, second: tuple[int, int], other: int
) -> None:
    numbers = [
        f"{prefix_of(year=year, house=house)}{number:04d}"
        for (year, house), number in ((first, one), (second, other))
    ]
    assert (numbers[0] == numbers[1]) == ((first, one) == (second, other))


def test_a_deleted_students_number_is_not_given_out_again(houses: None) -> None:
    for name in ("ann", "ben"):
        sort(student(name), 1)
    User.objects.get(username="ben").delete()
    assert (sort(student("cid"), 1).student_number or "").endswith("0003")


def test_a_refused_sorting_uses_up_no_number(houses: None, alice: User) -> None:
    sort(alice, 1)
    with pytest.raises(ValidationError) as refused:
        services.enrol(student=alice, house=House.objects.get(pk=2), birthday=BIRTHDAY)
    assert refused.value.get_codes() == ["already_sorted"]
    assert list(NumberSeries.objects.values_list("last", flat=True)) == [1]


def test_a_number_that_was_taken_otherwise_ends_the_whole_sorting(
    houses: None, alice: User, bob: User
) -> None:
    User.objects.filter(pk=bob.pk).update(student_number=f"{timezone.localdate():%y}010001")
    with pytest.raises(IntegrityError), transaction.atomic():
        sort(alice, 1)
    alice.refresh_from_db()
    assert (alice.house_id, alice.student_number) == (None, None)
