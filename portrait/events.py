"""Who waits for a portrait hears of its progress: one query for all who wait, again and again, in one thread.

The answers of those who wait are held open by the server (:mod:`common.http_server.held`) and take no thread. What
they are sent is what ``GET /user/portrait/`` answers, whenever it has changed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django.db.models import Max
from django.utils import translation

from common.event_stream import HEARTBEAT, event
from common.http_server.held import Held
from portrait.models import PortraitJob
from portrait.selectors import Status, newest_job, status_of
from portrait.serializers import status_body
from user.models import User
from user.selectors import by_id

# Seconds between two looks; after looks that took much of the processor, ``PAUSE_SHARE`` times what the shorter of
# the last two took: one in which Python collected its garbage takes twenty times as long, and tells nothing.
LOOK_EVERY, LONGEST_PAUSE = 0.05, 0.5
PAUSE_SHARE = 9
# What depends on other students (the place in the queue, and so the estimate) is told again after this long, or a
# little later where many wait: a look takes at most ``REFRESH_SECONDS`` for it, so that no news waits for them all.
REFRESH_EVERY = 5.0
REFRESH_SECONDS = 0.02
HEARTBEAT_EVERY = 15.0
# A client then asks again, with the token that it has by then.
LONGEST = 600.0
PAUSE_AFTER_FAULT = 1.0

THREAD = "portrait-events"
MOST_LISTENERS = 1000
MOST_OF_ONE_STUDENT = 3

logger = logging.getLogger(__name__)

# What a change of the newest job is told by: its number and the columns that it is shown with.
Mark = tuple[Any, ...]
_MARKED = ("pk", "state", "stage", "progress", "attempts", "poster")


def status_event(state: Status, body: bytes) -> bytes:
    """The event of one state; a client whose stream ends asks again when it is worth it."""
    poll_after = state["poll_after"]
    return event("status", body, retry=None if poll_after is None else poll_after * 1000)


@dataclass(eq=False)
class Listener:
    """An answer that is held open for ``student``; ``body`` is the state that was sent last."""

    held: Held
    student: User
    language: str
    origin: str
    body: bytes
    mark: Mark | None = None
    begun: float = field(default_factory=time.monotonic)
    looked_at: float = field(default_factory=time.monotonic)
    sent_at: float = field(default_factory=time.monotonic)

    def send(self, data: bytes) -> None:
        self.held.send(data)
        self.sent_at = time.monotonic()

    def is_still(self, student: User | None) -> bool:
        """Whether the session in which the stream was asked for goes on, by the student's row as it is now."""
        return (
            student is not None
            and student.is_active
            and (student.password, student.token_version)
            == (self.student.password, self.student.token_version)
        )


class Listeners:
    """All listeners of this process. The thread runs while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._all: list[Listener] = []
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._all)

    @property
    def full(self) -> bool:
        return len(self._all) >= MOST_LISTENERS

    def add(self, listener: Listener) -> None:
        """From now on the listener hears of changes. The oldest one of a student with too many is ended."""
        with self._lock:
            same = [one for one in self._all if one.student.pk == listener.student.pk]
            for one in same[: max(0, len(same) + 1 - MOST_OF_ONE_STUDENT)]:
                one.held.end()
            self._all.append(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                self._thread.start()

    def _run(self) -> None:
        before = 0.0
        try:
            while present := self._present():
                begin = time.thread_time()
                try:
                    _tell(present)
                    taken = time.thread_time() - begin
                    pause = min(LONGEST_PAUSE, max(LOOK_EVERY, PAUSE_SHARE * min(taken, before)))
                    before = taken
                except (OperationalError, InterfaceError) as error:
                    logger.warning("the database does not answer (%s)", type(error).__name__)
                    connections.close_all()
                    pause = PAUSE_AFTER_FAULT
                except Exception:
                    logger.exception("the listeners cannot be told")
                    pause = PAUSE_AFTER_FAULT
                time.sleep(pause)
        finally:
            connections.close_all()

    def _present(self) -> list[Listener]:
        """Those whose clients are there; without any the thread ends."""
        with self._lock:
            self._all = [one for one in self._all if one.held.open]
            if not self._all:
                self._thread = None
            return list(self._all)


listeners = Listeners()


def marks_of(students: set[int]) -> dict[int, Mark]:
    """What the newest job of each student is compared by. One query."""
    of_students = PortraitJob.objects.filter(student__in=students).order_by()
    newest = of_students.values("student").annotate(newest=Max("pk")).values("newest")
    rows = PortraitJob.objects.filter(pk__in=newest).order_by().values_list("student", *_MARKED)
    return {student: mark for student, *mark in rows}


def _tell(present: list[Listener]) -> None:
    """Send each listener what has changed for it."""
    by_student = defaultdict(list)
    for listener in present:
        by_student[listener.student.pk].append(listener)
    marks = marks_of(set(by_student))
    now = time.monotonic()
    for pk, group in by_student.items():
        _show(pk, [one for one in group if one.mark != marks.get(pk)], marks.get(pk))
    end = time.monotonic() + REFRESH_SECONDS
    for listener in sorted(present, key=lambda one: one.looked_at):
        if now - listener.looked_at < REFRESH_EVERY or time.monotonic() > end:
            break
        pk = listener.student.pk
        _show(pk, by_student[pk], marks.get(pk))
    for listener in present:
        if now - listener.begun > LONGEST:
            listener.held.end()
        elif now - listener.sent_at > HEARTBEAT_EVERY:
            listener.send(HEARTBEAT)


def _show(pk: int, group: list[Listener], mark: Mark | None) -> None:
    """Send the state of a student to those of their listeners who were sent another one."""
    if not group:
        return
    # In this order: the record of a student is then not older than the job that it is shown with.
    job = newest_job(pk)
    student = by_id(pk)
    for listener in group:
        listener.mark, listener.looked_at = mark, time.monotonic()
        _look(listener, student, job)


def _look(listener: Listener, student: User | None, job: PortraitJob | None) -> None:
    """Send the state if it is another one; the last state, and the end of the session, end the stream."""
    if student is None or not listener.is_still(student):
        listener.held.end()
        return
    with translation.override(listener.language):
        state = status_of(student, job)
        body = status_body(state, listener.origin)
    if body != listener.body:
        listener.body = body
        listener.send(status_event(state, body))
    if state["poll_after"] is None:
        listener.held.end()
