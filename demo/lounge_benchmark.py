"""What ``manage.py benchmark_lounge`` measures: a full school, its pages, and the plain way to write two of them."""

from __future__ import annotations

import datetime
import random
import time
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import RefreshToken

from demo.measuring import percentile
from dormitory.models import House
from lounge.models import Entry
from lounge.selectors import BOARD_LENGTH, MEMBERS_SHOWN
from lounge.serializers import LoungeSerializer
from lounge.views import member
from portrait.models import PortraitJob, PortraitWorker
from portrait.selectors import newest_with_queue, status_of
from portrait.serializers import StatusSerializer
from user.models import User
from user.selectors import signed_in

BATCH = 5000
# The entries are spread evenly over a year up to now.
YEAR = datetime.timedelta(days=365)
WARM_UP = 5
WAITING = 20


class PlainLoungeView(APIView):
    """The same page as it is written first: each relation of each row is followed when it is needed.

    Same entries, same JSON; nothing joined, nothing grouped, members drawn by sorting the house at random.
    """

    def get(self, request: Request) -> Response:
        student = member(request)
        houses = sorted(House.objects.all(), key=lambda house: house.pk != student.house_id)
        by_id = sorted(houses, key=lambda house: house.pk)
        page = {
            "user": [student],
            "house": [
                {
                    "house": house,
                    "users": house.members.filter(is_active=True)
                    .exclude(pk=student.pk)
                    .order_by("?")[:MEMBERS_SHOWN],
                }
                for house in houses
            ],
            "dorm_name": [house.name for house in by_id],
            "users_count": [house.members.filter(is_active=True).count() for house in by_id],
            "comments_count": [
                Entry.objects.filter(author__house=house, hidden=False).count() for house in by_id
            ],
            "board": Entry.objects.filter(hidden=False)[:BOARD_LENGTH],
        }
        return Response(LoungeSerializer(page, context={"request": request}).data)


class PlainPortraitView(APIView):
    """``GET /user/portrait/`` as it is written first: querysets and a serializer, and the token checked each time."""

    authentication_classes = (JWTAuthentication,)

    def get(self, request: Request) -> Response:
        student = signed_in(request)
        state = status_of(student, newest_with_queue(student.pk).first())
        return Response(StatusSerializer(state, context={"request": request}).data)


PATHS = {"lounge": "/lounge/", "plain": "/plain/lounge/"}
STATUS_PATHS = {"status": "/user/portrait/", "plain status": "/plain/user/portrait/"}
GALLERY_PATHS = {
    "newest": "/lounge/gallery/",
    "random": "/lounge/gallery/?order=random&seed=7",
    "by name": "/lounge/gallery/?name=student+9&house=2",
}

urlpatterns = [
    path("plain/lounge/", PlainLoungeView.as_view()),
    path("plain/user/portrait/", PlainPortraitView.as_view()),
    path("", include(settings.ROOT_URLCONF)),
]


@dataclass(frozen=True)
class Measured:
    """Queries of one request, authentication included, and seconds of the request in this process."""

    queries: int
    p50: float
    p95: float


def build(*, students: int, entries: int, seed: int) -> None:
    """Fill the four houses with ``students`` and the guestbook with ``entries`` of theirs.

    Each student has a portrait; one in ``WAITING`` waits for another one.
    """
    draw = random.Random(seed)
    call_command("seed", verbosity=0)
    houses = list(House.objects.values_list("pk", flat=True))
    today = timezone.localdate()
    User.objects.bulk_create(
        (
            User(
                username=f"student{number}",
                fullname=f"Student {number}",
                password="!",
                house_id=draw.choice(houses),
                birthday=today - datetime.timedelta(days=draw.randrange(4000, 9000)),
                join_date=today,
                portrait=f"portraits/{UUID(int=number).hex}/1-{number:016x}.webp",
                poster=f"portraits/{UUID(int=number).hex}/1-{number:016x}.png",
                tile=f"portraits/{UUID(int=number).hex}/1-{number:015x}a.webp",
            )
            for number in range(students)
        ),
        batch_size=BATCH,
    )
    PortraitWorker.objects.create(name="worker", host="host", pid=1, processes=2, seconds_per_job=10.0)
    PortraitJob.objects.bulk_create(
        (
            PortraitJob(
                student=student,
                photo=f"photos/{place}.jpg",
                still=f"stills/{place}.jpg",
                seed=place,
                **(
                    {
                        "state": PortraitJob.State.SUCCEEDED,
                        **dict.fromkeys(PortraitJob.RESULTS, student.portrait),
                    }
                    if place % WAITING
                    else {}
                ),
            )
            for place, student in enumerate(User.objects.order_by("pk"))
        ),
        batch_size=BATCH,
    )
    authors = list(User.objects.values_list("pk", flat=True))
    now = timezone.now()
    Entry.objects.bulk_create(
        (
            Entry(
                author_id=draw.choice(authors),
                content=f"{number}: " + "달빛 아래 " * draw.randrange(1, 30),
                created_at=now - YEAR * (entries - number) / entries,
            )
            for number in range(entries)
        ),
        batch_size=BATCH,
    )
    if connection.vendor == "postgresql":
        # What autovacuum does by itself some minutes after so many writes.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def measure(*, runs: int, seed: int) -> dict[str, Measured]:
    """GET of the page and of its plain version, ``runs`` times each in turns, by students drawn at random.

    Raises ``AssertionError`` when the two do not tell the same.
    """
    students = random.Random(seed).choices(User.objects.all(), k=WARM_UP + runs)
    seconds: dict[str, list[float]] = {"lounge": [], "plain": []}
    queries: dict[str, int] = {}
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"], DEBUG=False):
        # One client: each loads the middleware at its first request.
        client = Client()
        for number, student in enumerate(students):
            token = RefreshToken.for_user(student).access_token
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {token}"
            if not number:
                _check_same(client)
            for name, taken in seconds.items():
                if name not in queries:
                    with CaptureQueriesContext(connection) as captured:
                        client.get(PATHS[name], secure=True)
                    queries[name] = len(captured)
                start = time.perf_counter()
                client.get(PATHS[name], secure=True)
                if number >= WARM_UP:
                    taken.append(time.perf_counter() - start)
    return {
        name: Measured(queries[name], percentile(taken, 50), percentile(taken, 95))
        for name, taken in seconds.items()
    }


def _check_same(client: Client) -> None:
    pages = [client.get(address, secure=True) for address in PATHS.values()]
    bodies = [page.json() for page in pages]
    for page, body in zip(pages, bodies, strict=True):
        if page.status_code != 200:
            raise AssertionError(body)
        for house in body["house"]:
            # Drawn again by each.
            house["users"] = len(house["users"])
    if bodies[0] != bodies[1]:
        raise AssertionError("the page and its plain version differ")
