"""What a student asks for beside a portrait: previews of all styles on their face, and a motion of their own."""

from __future__ import annotations

from rest_framework import status

from portrait import own_styles, selectors
from portrait.engine.photo.decoding import MAX_BYTES
from portrait.models import Errand, PortraitJob
from portrait.problems import PortraitProblem
from portrait.queue import errands
from user.models import User

# As of a photo; a few seconds of a camera's film are less.
MAX_CLIP_BYTES = MAX_BYTES
# WebM and Matroska (EBML), and MP4 and QuickTime, whose first box has its kind at the fifth byte.
_EBML, _BOX_KINDS = b"\x1aE\xdf\xa3", (b"ftyp", b"moov", b"mdat", b"wide")


def ask_for_previews(*, student: User) -> None:
    """Queue previews on the face of the student's photo, unless those of that photo are made or being made.

    They are made again where an own painting was published since.

    Raises PortraitProblem (409) ``photo_missing``.
    """
    source = selectors.source_of_another(student)
    if source is None:
        raise PortraitProblem("photo_missing", status.HTTP_409_CONFLICT)
    before = Errand.objects.filter(student=student, kind=Errand.Kind.PREVIEWS).defer("result").first()
    if (
        before
        and before.state != Errand.State.FAILED
        and _same_face(before.source, source)
        and _complete(before)
    ):
        return
    errands.ask(student_id=student.pk, kind=Errand.Kind.PREVIEWS, source_id=source.pk)


def _same_face(one: PortraitJob | None, other: PortraitJob) -> bool:
    return one is not None and one.origin == other.origin and one.face == other.face


def _complete(previews: Errand) -> bool:
    """Whether they have, or will have, all styles that are offered."""
    waits = previews.state == Errand.State.QUEUED
    return waits or previews.started_at is None or not own_styles.newer_than(previews.started_at)


def accept_clip(*, student: User, data: bytes) -> None:
    """Queue a clip whose motion becomes the student's own, in place of the one before.

    Raises PortraitProblem (400) ``clip_too_large`` or ``clip_unsupported``.
    """
    if len(data) > MAX_CLIP_BYTES:
        raise PortraitProblem("clip_too_large")
    # Only these are opened: other kinds of films are lists of further files.
    if not (data.startswith(_EBML) or data[4:8] in _BOX_KINDS):
        raise PortraitProblem("clip_unsupported")
    errands.ask(student_id=student.pk, kind=Errand.Kind.PERFORMANCE, clip=data)


def forget_performance(*, student: User) -> None:
    """Delete the student's own motion; portraits that were made with it stay."""
    Errand.objects.filter(student=student, kind=Errand.Kind.PERFORMANCE).delete()
