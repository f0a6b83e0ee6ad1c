"""Student numbers: two digits of the admission year, two of the house, four of a counter from 0001.

After 9999 the counter has five digits, so the number has nine and never equals one of eight digits. A house id of
three or more digits is set off with dashes (``26-104-0001``), so that its numbers never equal another house's.
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

    The counter stays locked until the caller's transaction ends and is rolled back with it: no number is used twice,
    and none is skipped. A deleted student's number is not reused.
    """
    prefix = prefix_of(year=year, house=house)
    series = NumberSeries.objects.filter(pk=prefix)
    if not series.update(last=F("last") + count):
        # The first number of the year. A concurrent transaction waits here.
        NumberSeries.objects.get_or_create(pk=prefix)
        series.update(last=F("last") + count)
    last = series.values_list("last", flat=True).get()
    return [f"{prefix}{number:04d}" for number in range(last - count + 1, last + 1)]
