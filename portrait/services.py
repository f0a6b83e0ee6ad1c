"""What a student does with their portrait: send a photo, try again, cancel."""

from __future__ import annotations

import uuid
from typing import Any

from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed

from common.storage import media
from portrait import choices, files, selectors
from portrait.engine.errors import ChoiceError, EngineError, PhotoError
from portrait.engine.request import PortraitRequest
from portrait.models import PortraitJob
from portrait.photos import face_to_json, prepare_photo
from portrait.problems import PortraitProblem
from portrait.queue import transitions
from user.models import User


def accept_photo(*, student: User, data: bytes, request: PortraitRequest) -> PortraitJob:
    """Put a photo into the queue; when this returns, it and its job are on the disk and in the database.

    What ``request`` leaves open follows the settings. The job before it, if still active, is cancelled, and the
    student sees the cropped photo until the portrait is there.

    Raises PortraitProblem: 400 with the photo's or the choice's code, 503 ``storage_unavailable``.
    """
    check_request(request)
    try:
        photo = prepare_photo(data)
    except PhotoError as error:
        raise PortraitProblem(error.code) from error
    return _enqueue(student, request, photo=photo.photo, still=photo.still, face=face_to_json(photo.face))


def make_another(*, student: User, request: PortraitRequest) -> PortraitJob:
    """Queue the photo of the student's portrait once more, as a portrait of its own; those before stay to go back to.

    Which photo that is, :func:`portrait.selectors.source_of_another` says.

    Raises PortraitProblem: 400 with the choice's code, 409 ``photo_missing``, 503 ``storage_unavailable``.
    """
    check_request(request)
    job = selectors.source_of_another(student)
    try:
        if job is None:
            raise FileNotFoundError
        photo, still = (media().read(str(file.name)) for file in (job.photo, job.still))
    except FileNotFoundError:
        raise PortraitProblem("photo_missing", status.HTTP_409_CONFLICT) from None
    return _enqueue(student, request, photo=photo, still=still, face=job.face, upload=job.origin)


def choose_portrait(*, student: User, job_id: int) -> None:
    """Make an earlier portrait the student's again.

    Raises PortraitProblem: 404 ``portrait_not_found``, 409 ``portrait_active`` while another one is being made.
    """
    if PortraitJob.objects.filter(student=student, state__in=PortraitJob.ACTIVE).exists():
        raise PortraitProblem("portrait_active", status.HTTP_409_CONFLICT)
    if not transitions.choose(student.pk, job_id):
        raise PortraitProblem("portrait_not_found", status.HTTP_404_NOT_FOUND)


def check_request(request: PortraitRequest) -> None:
    """Raises PortraitProblem for a style or motion that does not exist: 400, or 503 ``catalogue_unavailable``."""
    try:
        choices.check_names(request)
    except ChoiceError as error:
        raise PortraitProblem(error.code) from error
    except EngineError as error:
        raise PortraitProblem("catalogue_unavailable", status.HTTP_503_SERVICE_UNAVAILABLE) from error


def _enqueue(
    student: User,
    request: PortraitRequest,
    *,
    photo: bytes,
    still: bytes,
    face: dict[str, Any] | None,
    upload: uuid.UUID | None = None,
) -> PortraitJob:
    key = uuid.uuid4()
    names = files.photo_name(key), files.still_name(key)
    try:
        for name, data in zip(names, (photo, still), strict=True):
            media().write(name, data)
        return transitions.enqueue(
            student_id=student.pk,
            key=key,
            photo=names[0],
            still=names[1],
            face=face,
            upload=upload,
            request=request.or_else(choices.installation_defaults()).seeded(),
        )
    except BaseException as error:
        media().delete(names)
        if isinstance(error, OSError):
            raise PortraitProblem("storage_unavailable", status.HTTP_503_SERVICE_UNAVAILABLE) from error
        if isinstance(error, transitions.StudentGoneError):
            raise AuthenticationFailed(code="user_not_found") from error
        raise


def retry_portrait(*, student: User) -> None:
    """Queue the student's newest photo again.

    Raises PortraitProblem (409) ``nothing_to_retry`` or ``photo_missing``.
    """
    job = PortraitJob.objects.filter(student=student).order_by("-id").first()
    if job is None:
        raise PortraitProblem("nothing_to_retry", status.HTTP_409_CONFLICT)
    retry_job(job)


def retry_job(job: PortraitJob) -> None:
    """Queue ``job`` again, if it is its student's newest one.

    Raises PortraitProblem (409) ``nothing_to_retry`` or ``photo_missing``.
    """
    if job.active or job.state == PortraitJob.State.SUCCEEDED:
        raise PortraitProblem("nothing_to_retry", status.HTTP_409_CONFLICT)
    if not job.photo or not media().exists(str(job.photo.name)):
        raise PortraitProblem("photo_missing", status.HTTP_409_CONFLICT)
    if not transitions.retry(job):
        raise PortraitProblem("nothing_to_retry", status.HTTP_409_CONFLICT)


def cancel_portrait(*, student: User) -> None:
    """Cancel the student's active job. Raises PortraitProblem (409) ``nothing_to_cancel``."""
    if not transitions.cancel(student.pk):
        raise PortraitProblem("nothing_to_cancel", status.HTTP_409_CONFLICT)


def cancel_job(job: PortraitJob) -> None:
    """Cancel ``job`` and no other of its student. Raises PortraitProblem (409) ``nothing_to_cancel``."""
    if not transitions.cancel(job.student_id, job_id=job.pk):
        raise PortraitProblem("nothing_to_cancel", status.HTTP_409_CONFLICT)
