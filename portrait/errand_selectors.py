"""Where a student's errands stand."""

from __future__ import annotations

import json
from typing import TypedDict

from portrait.models import Errand
from portrait.problems import describe
from portrait.selectors import NO_JOB, POLL_WHILE_RUNNING, JobError
from user.models import User


class ErrandState(TypedDict):
    status: str
    poll_after: int | None
    error: JobError | None


class Preview(TypedDict):
    style: str
    picture: str


class Previews(ErrandState):
    """``previews``: data: URLs, by style; those of the photo before until the new ones are there."""

    previews: list[Preview]


class Performance(ErrandState):
    """``ready``: whether there is a motion of the student's own, from this clip or from one before."""

    ready: bool


def previews_of(student: User) -> Previews:
    """The previews on the student's face. One query."""
    errand = Errand.objects.filter(student=student, kind=Errand.Kind.PREVIEWS).first()
    made = json.loads(bytes(errand.result)) if errand and errand.result is not None else {}
    pictures = [
        Preview(style=style, picture=f"data:image/jpeg;base64,{data}") for style, data in made.items()
    ]
    return Previews(**_state(errand), previews=pictures)


def performance_of(student: User) -> Performance:
    """The student's own motion. One query."""
    errand = Errand.objects.filter(student=student, kind=Errand.Kind.PERFORMANCE).defer("clip").first()
    return Performance(**_state(errand), ready=errand is not None and errand.result is not None)


def _state(errand: Errand | None) -> ErrandState:
    if errand is None:
        return ErrandState(status=NO_JOB, poll_after=None, error=None)
    failed = errand.state == Errand.State.FAILED
    return ErrandState(
        status=errand.state,
        poll_after=POLL_WHILE_RUNNING if errand.active else None,
        error=JobError(code=errand.error_code, message=describe(errand.error_code)) if failed else None,
    )
