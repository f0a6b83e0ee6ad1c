"""What a student does with their portrait: send a photo, try again, cancel."""

from __future__ import annotations

import logging
import uuid

from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed

from common.logs.context import bound
from common.metrics import storage_faults
from common.storage import media
from portrait import choices, files, selectors
from portrait.engine.errors import ChoiceError, PhotoError
from portrait.engine.photo.choice import LARGEST, FaceChoice
from portrait.engine.request import PERFORMED, PortraitRequest
from portrait.job_log import logged_for
from portrait.models import PortraitJob
from portrait.photos import (
    PhotoFacts,
    PreparedPhoto,
    choose_again,
    face_from_json,
    face_to_json,
    prepare_photo,
)
from portrait.problems import PortraitProblem
from portrait.queue import acceptance, errands, transitions
from user.models import User

logger = logging.getLogger(__name__)


def accept_photo(
    *, student: User, data: bytes, request: PortraitRequest, choice: FaceChoice = LARGEST, look: bool = False
) -> PortraitJob:
    """Put a photo into the queue; when this returns, it and its job are on the disk and in the database.

    ``request`` names what exists, which :mod:`portrait.forms` checks. What it leaves open follows the settings;
    ``choice`` is the face, by default the largest. The job before it, if still active, is cancelled, and the student
    sees the cropped photo until the portrait is there. ``look``: the student wants the picture to be read for the
    sorting.

    Raises PortraitProblem: 400 with the photo's or the choice's code, 503 ``storage_unavailable``.
    """
    try:
        photo = prepare_photo(data, choice)
    except (PhotoError, ChoiceError) as error:
        raise PortraitProblem(error.code) from error
    return _enqueue(student, request, photo, look=look)


def fault_of_photo(data: bytes, choice: FaceChoice) -> str | None:
    """The code of what is wrong with a photo that is refused for other reasons already; None where nothing is."""
    try:
        prepare_photo(data, choice)
    except (PhotoError, ChoiceError) as error:
        return error.code
    return None


def make_another(*, student: User, request: PortraitRequest, choice: FaceChoice = LARGEST) -> PortraitJob:
    """Queue the photo of the student's portrait once more, as a portrait of its own; those before stay to go back to.

    Which photo that is, :func:`portrait.selectors.source_of_another` says. ``choice`` is another face in it.

    Raises PortraitProblem: 400 with the choice's code, 409 ``photo_missing``, 503 ``storage_unavailable``.
    """
    job = selectors.source_of_another(student)
    if job is None:
        raise PortraitProblem("photo_missing", status.HTTP_409_CONFLICT)
    return _enqueue(student, request, _photo_of(job, choice), upload=job.origin, look=job.look)


def choose_portrait(*, student: User, job_id: int) -> None:
    """Make an earlier portrait the student's again.

    Raises PortraitProblem: 404 ``portrait_not_found``, 409 ``portrait_active`` while another one is being made.
    """
    if PortraitJob.objects.filter(student=student, state__in=PortraitJob.ACTIVE).exists():
        raise PortraitProblem("portrait_active", status.HTTP_409_CONFLICT)
    if not transitions.choose(student.pk, job_id):
        raise PortraitProblem("portrait_not_found", status.HTTP_404_NOT_FOUND)


def _photo_of(job: PortraitJob, choice: FaceChoice) -> PreparedPhoto:
    """The job's photo with its face, or with another one. Raises PortraitProblem."""
    facts = PhotoFacts.from_json(job.facts)
    try:
        photo = media().read(str(job.photo.name))
        if choice:
            return choose_again(photo, facts, choice)
        still = media().read(str(job.still.name))
    except FileNotFoundError:
        raise PortraitProblem("photo_missing", status.HTTP_409_CONFLICT) from None
    except (PhotoError, ChoiceError) as error:
        raise PortraitProblem(error.code) from error
    return PreparedPhoto(photo, face_from_json(job.face), still, facts)


def _enqueue(
    student: User,
    request: PortraitRequest,
    photo: PreparedPhoto,
    *,
    upload: uuid.UUID | None = None,
    look: bool = False,
) -> PortraitJob:
    if request.motion == PERFORMED and errands.performed(student.pk) is None:
        raise PortraitProblem("unknown_motion")
    key = uuid.uuid4()
    names = files.photo_name(key), files.still_name(key)
    try:
        for name, data in zip(names, (photo.photo, photo.still), strict=True):
            media().write(name, data)
        job = acceptance.enqueue(
            student_id=student.pk,
            key=key,
            photo=names[0],
            still=names[1],
            face=face_to_json(photo.face),
            facts=photo.facts.to_json() if photo.facts else None,
            upload=upload,
            look=look,
            request=request.or_else(choices.installation_defaults()).seeded(),
        )
    except acceptance.CommitInDoubtError:
        # Should the job not be there, the search for orphans finds the files.
        raise
    except BaseException as error:
        media().delete(names)
        if isinstance(error, OSError):
            storage_faults.inc()
            logger.error("a photo cannot be stored: %s", error)
            raise PortraitProblem("storage_unavailable", status.HTTP_503_SERVICE_UNAVAILABLE) from error
        if isinstance(error, acceptance.StudentGoneError):
            raise AuthenticationFailed(code="user_not_found") from error
        raise
    with logged_for(job):
        logger.info("job %s: accepted", job.pk)
    return job


def forget_readings(*, student: User) -> None:
    """Delete what was read of the student's pictures, and read none of them again."""
    PortraitJob.objects.filter(student=student).exclude(look=False, readings=None).update(
        look=False, readings=None
    )


def retry_portrait(*, student: User, choice: FaceChoice = LARGEST) -> None:
    """Queue the student's newest photo again; with ``choice``, another face of it, as a job of its own.

    Raises PortraitProblem: 409 ``nothing_to_retry`` or ``photo_missing``, 400 ``bad_face`` or ``bad_box``.
    """
    job = PortraitJob.objects.filter(student=student).order_by("-id").first()
    if job is None:
        raise PortraitProblem("nothing_to_retry", status.HTTP_409_CONFLICT)
    if not choice:
        retry_job(job)
        return
    _refuse_retry(job)
    _enqueue(student, job.request, _photo_of(job, choice), upload=job.origin, look=job.look)


def retry_job(job: PortraitJob) -> None:
    """Queue ``job`` again, if it is its student's newest one.

    Raises PortraitProblem (409) ``nothing_to_retry`` or ``photo_missing``.
    """
    _refuse_retry(job)
    if not transitions.retry(job):
        raise PortraitProblem("nothing_to_retry", status.HTTP_409_CONFLICT)
    # The line of the request that asked for it; what follows has the id of the first request again.
    with bound(job=job.pk):
        logger.info("job %s: queued again", job.pk)


def _refuse_retry(job: PortraitJob) -> None:
    """Raises PortraitProblem for a job that has nothing to be made again, or nothing to make it from."""
    if job.active or job.state == PortraitJob.State.SUCCEEDED:
        raise PortraitProblem("nothing_to_retry", status.HTTP_409_CONFLICT)
    if not job.photo or not media().exists(str(job.photo.name)):
        raise PortraitProblem("photo_missing", status.HTTP_409_CONFLICT)


def cancel_portrait(*, student: User) -> None:
    """Cancel the student's active job. Raises PortraitProblem (409) ``nothing_to_cancel``."""
    if not transitions.cancel(student.pk):
        raise PortraitProblem("nothing_to_cancel", status.HTTP_409_CONFLICT)


def cancel_job(job: PortraitJob) -> None:
    """Cancel ``job`` and no other of its student. Raises PortraitProblem (409) ``nothing_to_cancel``."""
    if not transitions.cancel(job.student_id, job_id=job.pk):
        raise PortraitProblem("nothing_to_cancel", status.HTTP_409_CONFLICT)
