"""Reads of the lounge. They load only the columns of other students that the lounge may show."""

from __future__ import annotations

import datetime
import random
from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, Value, When, Window
from django.db.models.functions import Coalesce, RowNumber
from django.utils import timezone

from dormitory.models import House
from lounge.models import Entry
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


@dataclass(frozen=True)
class HouseWithMembers:
    """A house and a few of its members."""

    house: House
    users: list[User]


@dataclass(frozen=True)
class Lounge:
    """Everything on the page; the three lists of the charts go together, in the order of the house ids."""

    user: list[User]
    house: list[HouseWithMembers]
    dorm_name: list[str]
    users_count: list[int]
    comments_count: list[int]
    board: list[Entry]


def lounge(student: User) -> Lounge:
    """The page as ``student`` sees it. Five queries with the student's own house.

    ``user`` is a list of one, the student who asks: user names are half of the credentials, so those
    of others are not shown. The student's own house comes first in ``house``, the others follow by id.
    """
    counts = houses_with_counts()
    users = random_members(counts, besides=student)
    own_first = sorted(counts, key=lambda count: count.house.pk != student.house_id)
    return Lounge(
        user=[student],
        house=[HouseWithMembers(count.house, users[count.house.pk]) for count in own_first],
        dorm_name=[count.house.name for count in counts],
        users_count=[count.students for count in counts],
        comments_count=[count.entries for count in counts],
        board=latest_entries(),
    )


def visible_entries() -> QuerySet[Entry]:
    """What is on the board, newest first, with author and house joined; without hidden entries."""
    return (
        Entry.objects.filter(hidden=False)
        .select_related("author__house")
        .only(
            "content",
            "created_at",
            "edited_at",
            "author__fullname",
            "author__portrait",
            "author__tile",
            "author__house__name",
        )
    )


def latest_entries() -> list[Entry]:
    """The newest ``BOARD_LENGTH`` visible entries."""
    return list(visible_entries()[:BOARD_LENGTH])


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
    entries = dict(
        Entry.objects.filter(hidden=False).order_by().values_list("author__house").annotate(n=Count("*"))
    )
    return [HouseCounts(house, house.students, entries.get(house.pk, 0)) for house in houses]


def random_members(counts: list[HouseCounts], besides: User) -> dict[int, list[User]]:
    """Up to ``MEMBERS_SHOWN`` members of each house in random order, ``besides`` never among them, by house id.

    Every choice is equally likely. Instead of sorting the whole school by random numbers, the database numbers the
    members in the order of house and id and returns those at the places drawn here. A student who joins between the
    two queries shifts the places by one, which does no harm.
    """
    places: list[int] = []
    first = 1
    for count in counts:
        others = count.students - (count.house.pk == besides.house_id)
        house_places = range(first, first + others)
        places += random.sample(house_places, min(MEMBERS_SHOWN, len(house_places)))
        first += others
    numbered = (
        members()
        .exclude(pk=besides.pk)
        .annotate(place=Window(RowNumber(), order_by=["house_id", "id"]))
        # Places begin at 1: with 0 in the list there is always a query, and always the same number of them.
        .filter(place__in=[0, *places])
    )
    chosen = list(
        User.objects.filter(pk__in=numbered.values("pk")).only(
            "fullname", "portrait", "poster", "tile", "house_id"
        )
    )
    random.shuffle(chosen)
    by_house: dict[int, list[User]] = {count.house.pk: [] for count in counts}
    for student in chosen:
        if student.house_id in by_house and len(by_house[student.house_id]) < MEMBERS_SHOWN:
            by_house[student.house_id].append(student)
    return by_house


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
