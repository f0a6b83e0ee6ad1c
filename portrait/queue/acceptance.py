"""Accepting a photo: its job and the student's record in one transaction."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from common.logs.context import current_request
from portrait.engine.request import PortraitRequest
from portrait.models import PortraitJob, request_columns
from portrait.queue import delivery, projection
from portrait.queue.clock import database_now
from portrait.queue.transitions import cancel_active
from portrait.queue.turns import place_of


class StudentGoneError(Exception):
    """The account was deleted while its photo was being accepted."""


class CommitInDoubtError(OperationalError):
    """The connection was lost during COMMIT: the job may have been accepted, so that its files must stay."""


def enqueue(
    *,
    student_id: int,
    key: uuid.UUID,
    photo: str,
    still: str,
    request: PortraitRequest,
    face: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    upload: uuid.UUID | None = None,
    look: bool = False,
) -> PortraitJob:
    """Put a job for an uploaded photo into the queue; the student's active job, if any, is cancelled.

    ``upload`` is the key of the job that the photo was uploaded for, unless it is this one.
    Raises StudentGoneError and CommitInDoubtError.
    """
    complete = False
    try:
        with transaction.atomic():
            if not projection.lock(student_id):
                raise StudentGoneError
            cancel_active(student_id)
            now = database_now()
            job = PortraitJob.objects.create(
                created_at=now,
                queued_at=now,
                not_before=now,
                place=place_of(student_id, now),
                student_id=student_id,
                key=key,
                photo=photo,
                still=still,
                face=face,
                facts=facts,
                upload=upload,
                request_id=current_request(),
                look=look,
                **request_columns(request),
            )
            projection.refresh(student_id)
            delivery.wake(job.pk)
            complete = True
    except (OperationalError, InterfaceError) as error:
        if complete:
            raise CommitInDoubtError(str(error)) from error
        raise
    return job
