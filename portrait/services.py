"""What a student does with their portrait: send a photo, try again, cancel."""

from __future__ import annotations

import secrets
import uuid

from rest_framework import status
from rest_framework.exceptions import AuthenticationFailed

from portrait import choices, storage
from portrait.engine.errors import EngineError, PhotoError
from portrait.engine.motion.strength import MAX_STRENGTH, MIN_STRENGTH
from portrait.engine.photo.reading import clean_jpeg, read_photo
from portrait.models import PortraitJob
from portrait.problems import PortraitProblem
from portrait.queue import transitions
from portrait.still import still_jpeg
from user.models import User

MAX_SEED = 2**31 - 1


def accept_photo(
    *,
    student: User,
    data: bytes,
    style: str = "",
    motion: str = "",
    order: str = "",
    seed: int | None = None,
    strength: float | None = None,
) -> PortraitJob:
    """Put a photo into the queue; when this returns, it and its job are on the disk and in the database.

    An empty ``style``, ``motion`` or ``order`` and no ``strength`` follow the settings. The job before it, if still
    active, is cancelled, and the record shows the cropped photo until the portrait is there.

    Raises PortraitProblem: 400 with the photo's or the choice's code, 503 ``storage_unavailable``.
    """
    check_choices(style=style, motion=motion, order=order, strength=strength)
    try:
        picture = read_photo(data)
    except PhotoError as error:
        raise PortraitProblem(error.code) from error
    return _enqueue(
        student,
        clean_jpeg(picture),
        still_jpeg(picture),
        style=style,
        motion=motion,
        order=order,
        seed=seed,
        strength=strength,
    )


def make_another(
    *,
    student: User,
    style: str = "",
    motion: str = "",
    order: str = "",
    seed: int | None = None,
    strength: float | None = None,
) -> PortraitJob:
    """Queue the student's newest photo once more, as a portrait of its own; those before stay to go back to.

    Raises PortraitProblem: 400 with the choice's code, 409 ``photo_missing``, 503 ``storage_unavailable``.
    """
    check_choices(style=style, motion=motion, order=order, strength=strength)
    job = PortraitJob.objects.filter(student=student).order_by("-id").first()
    try:
        if job is None or not job.photo:
            raise FileNotFoundError
        photo, still = (storage.path_of(str(file.name)).read_bytes() for file in (job.photo, job.still))
    except FileNotFoundError:
        raise PortraitProblem("photo_missing", status.HTTP_409_CONFLICT) from None
    return _enqueue(
        student, photo, still, style=style, motion=motion, order=order, seed=seed, strength=strength
    )


def choose_portrait(*, student: User, job_id: int) -> None:
    """Make an earlier portrait the student's again.

    Raises PortraitProblem: 404 ``portrait_not_found``, 409 ``portrait_active`` while another one is being made.
    """
    if PortraitJob.objects.filter(student=student, state__in=PortraitJob.ACTIVE).exists():
        raise PortraitProblem("portrait_active", status.HTTP_409_CONFLICT)
    if not transitions.choose(student.pk, job_id):
        raise PortraitProblem("portrait_not_found", status.HTTP_404_NOT_FOUND)


def check_choices(*, style: str, motion: str, order: str, strength: float | None) -> None:
    """Raises PortraitProblem (400, or 503 ``catalogue_unavailable``) for what is neither ``""`` nor in the lists, and
    for a strength out of its range."""
    # Written so that "not a number" fails as well.
    if strength is not None and not MIN_STRENGTH <= strength <= MAX_STRENGTH:
        raise PortraitProblem("bad_strength")
    if order and order not in choices.orders():
        raise PortraitProblem("unknown_order")
    try:
        # The catalogues are not needed for a student who leaves the choice to us.
        if style and style not in {choice.name for choice in choices.styles()}:
            raise PortraitProblem("unknown_style")
        if motion and motion not in {choice.name for choice in choices.motions()}:
            raise PortraitProblem("unknown_motion")
    except EngineError as error:
        raise PortraitProblem("catalogue_unavailable", status.HTTP_503_SERVICE_UNAVAILABLE) from error


def _enqueue(
    student: User,
    photo_data: bytes,
    still_data: bytes,
    *,
    style: str,
    motion: str,
    order: str,
    seed: int | None,
    strength: float | None,
) -> PortraitJob:
    key = uuid.uuid4()
    photo, still = storage.photo_name(key), storage.still_name(key)
    try:
        storage.write(photo, photo_data)
        storage.write(still, still_data)
        return transitions.enqueue(
            student_id=student.pk,
            key=key,
            photo=photo,
            still=still,
            style=style or choices.setting("STYLE"),
            motion=motion or choices.setting("MOTION"),
            order=order or choices.order_setting(),
            seed=secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
            strength=choices.strength_setting() if strength is None else strength,
        )
    except BaseException as error:
        storage.remove([photo, still])
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
    if not job.photo or not storage.path_of(str(job.photo.name)).is_file():
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
