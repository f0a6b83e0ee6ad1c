"""First come, first served among students, not among uploads; and errands take turns with portraits."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from portrait.models import Errand, PortraitJob
from portrait.queue import errands, transitions, turns
from portrait.queue.clock import database_now
from portrait.worker.orders import take
from portrait.worker.running import WorkerOptions
from tests.portrait.kit import claim, enqueue, make_portrait, student
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def served(count: int) -> list[str]:
    """Whose jobs are taken next."""
    return [claim().student.username for _ in range(count)]


def again_by_upload(owner: User) -> None:
    enqueue(owner)


def again_by_cancelling(owner: User) -> None:
    transitions.cancel(owner.pk)
    enqueue(owner)


def again_by_retrying(owner: User) -> None:
    transitions.cancel(owner.pk)
    assert transitions.retry(PortraitJob.objects.filter(student=owner).latest("id"))


AGAIN = [again_by_upload, again_by_cancelling, again_by_retrying]


@pytest.mark.parametrize("again", AGAIN)
def test_who_asks_again_goes_behind_those_who_wait_and_those_who_come_soon(
    again: Callable[[User], None],
) -> None:
    ann, ben = student("ann"), student("ben")
    enqueue(ann)
    enqueue(ben)
    again(ann)
    enqueue(student("cho"))
    assert served(3) == ["ben", "cho", "ann"]


def test_a_portrait_that_was_made_counts_as_a_turn(alice: User) -> None:
    make_portrait(alice)
    enqueue(alice)
    enqueue(student("ben"))
    assert served(2) == ["ben", "alice"]


def test_each_further_request_goes_further_back() -> None:
    ann, ben = student("ann"), student("ben")
    for _ in range(3):
        enqueue(ann)
    for _ in range(2):
        enqueue(ben)
    assert served(2) == ["ben", "ann"]


def test_the_delay_is_limited(alice: User) -> None:
    for _ in range(15):
        enqueue(alice)
    job = PortraitJob.objects.latest("id")
    assert turns.LONGEST_DELAY - turns.DELAY < job.place - database_now() <= turns.LONGEST_DELAY


def test_what_was_an_hour_ago_does_not_count(alice: User) -> None:
    make_portrait(alice)
    PortraitJob.objects.update(queued_at=database_now() - turns.WINDOW)
    enqueue(alice)
    enqueue(student("ben"))
    assert served(2) == ["alice", "ben"]


def test_an_idle_queue_delays_no_one(alice: User) -> None:
    for _ in range(10):
        make_portrait(alice)


def ask(owner: User) -> None:
    errands.ask(student_id=owner.pk, kind=Errand.Kind.PERFORMANCE, clip=b"clip")


def taken(count: int) -> list[str]:
    """What a worker takes next, and whose it is."""
    found = [take("test", WorkerOptions()) for _ in range(count)]
    return [f"{job.KIND} {job.student.username}" for job in found if isinstance(job, Errand | PortraitJob)]


def test_errands_take_turns_with_the_portraits_that_wait() -> None:
    for name in ("ann", "ben"):
        enqueue(student(name))
    for name in ("cho", "dan", "eve", "fay"):
        ask(student(name))
    assert taken(7) == ["errand cho", "job ann", "errand dan", "job ben", "errand eve", "errand fay"]


def test_who_asks_for_the_same_errand_again_and_again_delays_nobody_more(alice: User) -> None:
    for name in ("ann", "ben"):
        enqueue(student(name))
    order = []
    for _ in range(3):
        ask(alice)
        order += taken(1)
    assert order == ["errand alice", "job ann", "errand alice"]


def test_a_portrait_that_has_ended_since_was_a_turn() -> None:
    ask(student("ann"))
    assert taken(1) == ["errand ann"]
    make_portrait(student("ben"))
    enqueue(student("cho"))
    ask(student("dan"))
    assert taken(2) == ["errand dan", "job cho"]


def test_the_search_for_work_reads_no_errands_but_what_it_takes() -> None:
    with CaptureQueriesContext(connection) as captured:
        assert take("a worker", WorkerOptions()) is None
    asked = [query["sql"] for query in captured if 'FROM "portrait_errand"' in query["sql"]]
    assert len(asked) == 2
    with transaction.atomic(), connection.cursor() as cursor:
        explain = "EXPLAIN QUERY PLAN"
        if connection.vendor == "postgresql":
            # It reads small tables as a whole, whatever indices they have.
            cursor.execute("SET LOCAL enable_seqscan = off")
            explain = "EXPLAIN"
        for sql in asked:
            cursor.execute(f"{explain} {sql}")
            plan = str(cursor.fetchall())
            assert "errand_queue" in plan or "errand_started" in plan, plan
