"""Errands: asking for one, and its end."""

from __future__ import annotations

from portrait.models import Errand
from portrait.queue import delivery
from portrait.queue.clock import database_now
from portrait.queue.transitions import held_by

State = Errand.State
Kind = Errand.Kind


def ask(*, student_id: int, kind: str, source_id: int | None = None, clip: bytes | None = None) -> None:
    """Queue the student's errand of that kind; one that runs is given up. The result before stays until the next."""
    now = database_now()
    asked = {
        "state": State.QUEUED,
        "attempts": 0,
        "queued_at": now,
        "not_before": now,
        # Not started_at: whose turn it is depends on when the latest errand was started (``turns.kinds_in_turn``).
        "finished_at": None,
        "stage": "",
        "progress": 0.0,
        "error_code": "",
        "error_detail": "",
        "source_id": source_id,
        "clip": clip,
    }
    errand, _ = Errand.objects.update_or_create(
        student_id=student_id, kind=kind, defaults=asked, create_defaults={**asked, "created_at": now}
    )
    delivery.wake(errand.pk)


def finish(errand: Errand, result: bytes) -> bool:
    """``succeeded``; the clip is deleted. False: the lease was lost."""
    return bool(
        held_by(errand).update(
            state=State.SUCCEEDED,
            lease_expires_at=None,
            stage="",
            progress=1.0,
            error_code="",
            error_detail="",
            finished_at=database_now(),
            clip=None,
            result=result,
        )
    )


def performed(student_id: int) -> bytes | None:
    """The motion that the student performed; None where there is none."""
    motion = (
        Errand.objects.filter(student=student_id, kind=Kind.PERFORMANCE)
        .values_list("result", flat=True)
        .first()
    )
    return None if motion is None else bytes(motion)
