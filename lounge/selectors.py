"""Reads of the lounge. They load only the columns of other students that the lounge may show."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, Max, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from dormitory.models import House
from lounge.models import Entry, Reaction, Report
from user.models import User

# What GET /lounge/ brings of the board: a bounded number, however large the
# school is. All the rest is in GET /lounge/board/.
BOARD_LENGTH = 100
# Other students shown of each house.
MEMBERS_SHOWN = 5
# Days of the statistics, today included.
DAYS = 30


@dataclass(frozen=True)
class HouseCounts:
    """A house and how many students and visible entries it has."""

    house: House
    students: int
    entries: int


@dataclass(frozen=True)
class DayCount:
    """The visible entries of one day, Asia/Seoul."""

    date: datetime.date
    entries: int


def visible_entries(*, house_names: bool = False) -> QuerySet[Entry]:
    """What is on the board, newest first, with author and house joined; without hidden entries.

    ``house_names``: with all that names the author's house, and not the contract's name alone.
    """
    names = ("author__house__names", "author__house__colour") if house_names else ()
    return (
        Entry.objects.filter(hidden=False)
        .select_related("author__house")
        .only(
            "content",
            "created_at",
            "edited_at",
            "author__fullname",
            "author__portrait",
            "author__poster",
            "author__tile",
            "author__live",
            "author__house__name",
            *names,
        )
    )


def latest_entries() -> list[Entry]:
    """The newest ``BOARD_LENGTH`` visible entries."""
    return list(visible_entries()[:BOARD_LENGTH])


@dataclass(frozen=True)
class Attention:
    """What students have done with an entry: reactions by kind, and the one of the student who asks."""

    reactions: dict[str, int]
    own_reaction: str | None = None
    reported: bool = False


def attention(entry_ids: Iterable[int], student: User) -> dict[int, Attention]:
    """The reactions to each of the entries, and what ``student`` did. Two queries."""
    ids = list(entry_ids)
    counts = {pk: dict.fromkeys(Reaction.Kind.values, 0) for pk in ids}
    own: dict[int, str] = {}
    is_own = Max(Case(When(student=student, then=1), default=0, output_field=IntegerField()))
    rows = Reaction.objects.filter(entry__in=ids).order_by().values_list("entry", "kind")
    for entry, kind, count, mine in rows.annotate(n=Count("*"), mine=is_own):
        counts[entry][kind] = count
        if mine:
            own[entry] = kind
    reported = set(Report.objects.filter(entry__in=ids, student=student).values_list("entry", flat=True))
    return {pk: Attention(counts[pk], own.get(pk), pk in reported) for pk in ids}


def members() -> QuerySet[User]:
    """Students in a house whose account is open."""
    return User.objects.filter(house__isnull=False, is_active=True)


def houses_with_counts() -> list[HouseCounts]:
    """All houses in the order of their ids, those without members as well. Two queries.

    Rows are counted (``COUNT(*)``) and no column of theirs, so that the database needs nothing but its indexes.
    """
    students = members().filter(house=OuterRef("pk")).order_by().values("house").annotate(n=Count("*"))
    houses = House.objects.annotate(
        students=Coalesce(Subquery(students.values("n")), 0, output_field=IntegerField())
    ).order_by("id")
    entries = entries_by_house()
    return [HouseCounts(house, house.students, entries.get(house.pk, 0)) for house in houses]


def entries_by_house() -> dict[int | None, int]:
    """The number of visible entries by the id of the author's house. One query."""
    return dict(
        Entry.objects.filter(hidden=False).order_by().values_list("author__house").annotate(n=Count("*"))
    )


def entries_per_day() -> list[DayCount]:
    """The last ``DAYS`` days up to today, oldest first, days without an entry included. One query.

    Days are those of the current time zone (Asia/Seoul). Their bounds are computed here and only compared in the
    database: SQLite would call back into Python for every row to truncate a time.
    """
    today = timezone.localdate()
    days = [today - datetime.timedelta(days=back) for back in range(DAYS)]
    starts = [timezone.make_aware(datetime.datetime.combine(day, datetime.time())) for day in days]
    tomorrow = timezone.make_aware(
        datetime.datetime.combine(today + datetime.timedelta(days=1), datetime.time())
    )
    # Newest day first: the first bound that lies before the entry is that of its day.
    day_of_entry = Case(
        *(When(created_at__gte=start, then=Value(back)) for back, start in enumerate(starts)),
        output_field=IntegerField(),
    )
    rows = (
        Entry.objects.filter(hidden=False, created_at__gte=starts[-1], created_at__lt=tomorrow)
        .order_by()
        .annotate(back=day_of_entry)
        .values_list("back")
        .annotate(n=Count("*"))
    )
    entries = dict(rows)
    return [DayCount(days[back], entries.get(back, 0)) for back in reversed(range(DAYS))]
