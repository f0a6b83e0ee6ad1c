"""Reads of the student's portrait."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any, TypedDict

from django.db.models import Avg, Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Now

from common.prepared import Parameter, Prepared
from portrait.engine.request import RULES, PortraitRequest
from portrait.hints import Hint, described
from portrait.models import PortraitJob, request_columns
from portrait.photos import Box, PhotoFacts
from portrait.problems import describe
from portrait.queue.projection import source_of
from portrait.queue.workers import alive
from user.models import User
from user.private_pictures import signed_url
from user.selectors import by_id

State = PortraitJob.State

NO_JOB = "none"
# Seconds after which it is worth asking again.
POLL_WHILE_RUNNING = 1
POLL_WHILE_QUEUED = 2
# From here on the pace of the very first portrait can be told from the portrait itself.
TELLING_PROGRESS = 0.25


# What the state of a job is told from; the times and the JSON of the other columns cost more than reading the row.
SHOWN_COLUMNS = (
    *("state", "stage", "progress", "started_at", "error_code", "attempts", "created_at", "facts"),
    *PortraitJob.SHOWN,
    *RULES,
)


class JobError(TypedDict):
    code: str
    message: str


class FoundBox(TypedDict):
    """The square from hairline to chin, in pixels of the stored photo."""

    x: float
    y: float
    side: float


class PhotoSize(TypedDict):
    width: int
    height: int
    turned: int


class PhotoReport(TypedDict):
    """What is known of a job's photo."""

    photo: PhotoSize | None
    faces: list[FoundBox]
    chosen: FoundBox | None
    source_size: int | None
    hints: list[Hint]


class Status(PhotoReport):
    """Where the student's newest portrait stands; file values are URLs (paths) or None."""

    job: int | None
    status: str
    stage: str
    progress: float
    eta: int | None
    poll_after: int | None
    error: JobError | None
    portrait: str
    files: dict[str, str | None]
    request: dict[str, Any]  # the columns of the PortraitRequest
    attempts: int
    created: datetime | None


def portrait_status(student: User) -> Status:
    """Everything about the student's newest job, in one query. ``student`` is taken as loaded.

    A record that was loaded just before the portrait was finished is loaded again.
    """
    job = newest_job(student.pk)
    if job and job.state == State.SUCCEEDED and job.webp and job.webp.name != student.portrait.name:
        student = by_id(student.pk) or student
    return status_of(student, job)


def newest_job(student: int) -> PortraitJob | None:
    """The newest job of the student with this id, with its queue, for :func:`status_of`."""
    return _NEWEST.first(student=student)


def status_of(student: User, job: Any) -> Status:
    """The state of ``student``, whose newest job, with its queue, is ``job``."""
    if job is None:
        files: dict[str, str | None] = dict.fromkeys(PortraitJob.SHOWN)
        return Status(
            job=None,
            status=NO_JOB,
            stage="",
            progress=0.0,
            eta=None,
            poll_after=None,
            error=None,
            portrait=student.own_picture,
            files=files,
            request=request_columns(PortraitRequest()),
            attempts=0,
            created=None,
            **photo_report(None),
        )
    polls = {State.RUNNING.value: POLL_WHILE_RUNNING, State.QUEUED.value: POLL_WHILE_QUEUED}
    return Status(
        job=job.pk,
        status=job.state,
        stage=job.stage,
        progress=round(job.progress, 3),
        eta=_eta(job),
        poll_after=polls.get(job.state),
        error=JobError(code=job.error_code, message=describe(job.error_code))
        if job.state == State.FAILED
        else None,
        portrait=student.own_picture,
        files=file_urls(job),
        request=request_columns(job.request),
        attempts=job.attempts,
        created=job.created_at,
        **photo_report(job),
    )


def photo_report(job: PortraitJob | None) -> PhotoReport:
    """What the upload found out about the job's photo; empty where it did not look, or without a job."""
    facts = PhotoFacts.from_json(job.facts) if job else None
    if job is None or facts is None:
        return PhotoReport(photo=None, faces=[], chosen=None, source_size=None, hints=[])
    return PhotoReport(
        photo=PhotoSize(width=facts.width, height=facts.height, turned=facts.turned),
        faces=[_found_box(box) for box in facts.faces],
        chosen=_found_box(facts.chosen) if facts.chosen else None,
        source_size=facts.source_size,
        hints=described(facts.hints),
    )


def _found_box(box: Box) -> FoundBox:
    x, y, side = box
    return FoundBox(x=x, y=y, side=side)


def source_of_another(student: User) -> PortraitJob | None:
    """The job whose photo another portrait is made of; None without a photo. ``student`` is taken as loaded.

    It is the photo that the student sees: that of the portrait that is being made, else of the one that the record
    shows, else the newest. A photo that failed is never in the way of one that worked.
    """
    jobs = PortraitJob.objects.filter(student=student).order_by("-id")
    newest = jobs.first()
    worn = jobs.filter(webp=student.portrait.name).first() if student.portrait else None
    if newest is None or newest.active or worn is None:
        return newest if newest and newest.photo else None
    return source_of(worn, jobs.exclude(photo=""))


class Earlier(TypedDict):
    """A portrait that the student can go back to; file values are URLs (paths) or None."""

    id: int
    style: str
    motion: str
    files: dict[str, str | None]
    created: datetime
    current: bool


def reading_of(student: User) -> tuple[bool, dict[str, float] | None]:
    """Whether the student wants the newest photo to be read for the sorting, and what was read so far. One query."""
    newest = (
        PortraitJob.objects.filter(student=student).order_by("-id").values_list("look", "readings").first()
    )
    return newest or (False, None)


def portraits_of(student: User) -> list[Earlier]:
    """The student's portraits that still have files, newest first. One query; ``student`` is taken as loaded."""
    made = PortraitJob.objects.filter(student=student, state=State.SUCCEEDED).exclude(webp="").order_by("-id")
    return [
        Earlier(
            id=job.pk,
            style=job.style,
            motion=job.motion,
            files=file_urls(job),
            created=job.created_at,
            current=job.webp.name == student.portrait.name,
        )
        for job in made
    ]


def file_urls(job: PortraitJob) -> dict[str, str | None]:
    """The URLs (paths) of the job's files by format, for its student alone; None for what is not there."""
    results = {name: file.url if (file := getattr(job, name)) else None for name in job.RESULTS}
    return {"still": signed_url(str(job.still.name)) if job.still else None, **results}


def newest_with_queue(student: Any) -> QuerySet[PortraitJob]:
    """The newest job of the student with this id.

    With ``SHOWN_COLUMNS``, and annotated with ``ahead``, ``running``, ``children``, ``mean_seconds`` and ``now``.
    """
    ahead = PortraitJob.objects.filter(state=State.QUEUED).filter(
        Q(place__lt=OuterRef("place")) | Q(place=OuterRef("place"), pk__lt=OuterRef("pk"))
    )
    running = PortraitJob.objects.filter(state=State.RUNNING)
    workers = alive().filter(paused=False)
    return (
        PortraitJob.objects.filter(student=student)
        .order_by("-id")
        .only(*SHOWN_COLUMNS)
        .annotate(
            ahead=_scalar(ahead, Count("pk")),
            running=_scalar(running, Count("pk")),
            children=_scalar(workers, Sum("processes")),
            now=Now(),
            mean_seconds=Subquery(_grouped(workers, Avg("seconds_per_job"))),
        )[:1]
    )


_NEWEST = Prepared(lambda: newest_with_queue(Parameter("student", User._meta.pk)))


def _grouped(rows: QuerySet[Any], aggregate: Any) -> QuerySet[Any, Any]:
    """One row, one column: ``aggregate`` over all ``rows``."""
    return rows.order_by().annotate(all=Value(1)).values("all").annotate(value=aggregate).values("value")


def _scalar(rows: QuerySet[Any], aggregate: Any) -> Coalesce:
    return Coalesce(Subquery(_grouped(rows, aggregate)), 0, output_field=IntegerField())


def _eta(job: Any) -> int | None:
    """Whole seconds until the portrait is there, from how long the latest ones took; None where that is not known."""
    if not job.children:
        return None
    if job.state == State.RUNNING and job.mean_seconds is None and job.progress >= TELLING_PROGRESS:
        elapsed = (job.now - job.started_at).total_seconds()
        return math.ceil(elapsed * (1 - job.progress) / job.progress)
    if job.mean_seconds is None:
        return None
    if job.state == State.RUNNING:
        return math.ceil(job.mean_seconds * (1 - job.progress))
    if job.state == State.QUEUED:
        rounds_before = (job.ahead + job.running) // job.children
        return math.ceil(job.mean_seconds * (rounds_before + 1))
    return None
