"""Student numbers: two digits of the admission year, two of the house, four that run on from 0001.

The last student of a full house, 9999, is followed by 10000: such a number has nine digits, and no number of eight
digits begins it anew. A house whose id has three digits or more is set off with dashes (``26-104-0001``), so that
its numbers are never those of another house.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from dormitory.models import NumberSeries


def prefix_of(*, year: int, house: int) -> str:
    """What all numbers of one house and admission year begin with."""
    short_year = f"{year % 100:02d}"
    return f"{short_year}{house:02d}" if house < 100 else f"{short_year}-{house}-"


@transaction.atomic
def next_numbers(*, year: int, house: int, count: int = 1) -> list[str]:
    """``count`` numbers that were never given out before, in rising order.

    The counter stays locked until the caller's transaction ends, and is not moved if that fails: no number comes
    twice and none is left out. A deleted student's number is not given out again.
    """
    prefix = prefix_of(year=year, house=house)
    series = NumberSeries.objects.filter(pk=prefix)
    if not series.update(last=F("last") + count):
        # The first of the year; of two at once, one waits here for the other.
        NumberSeries.objects.get_or_create(pk=prefix)
        series.update(last=F("last") + count)
    last = series.values_list("last", flat=True).get()
    return [f"{prefix}{number:04d}" for number in range(last - count + 1, last + 1)]
