"""A worker fits the styles of own paintings: after the portraits, durably, and again when it is killed."""

from __future__ import annotations

import pytest

from portrait.models import OwnPainting, PortraitJob
from portrait.queue import fittings, transitions
from portrait.queue.fittings import Fitted
from tests.portrait.kit import Workers, enqueue, nothing_active, own_painting, student, wait_for

State = OwnPainting.State


def fits(workers: Workers) -> list[str]:
    log = workers.folder / "fits"
    return log.read_text().split() if log.exists() else []


def drain(workers: Workers) -> None:
    assert workers.start(drain=True).wait(30) == 0


def test_after_the_portraits_that_wait_the_row_gets_the_style_and_its_pictures(workers: Workers) -> None:
    painting = own_painting("night-cafe")
    jobs = [enqueue(student(name)) for name in ("ann", "ben", "cho")]
    drain(workers)
    painting.refresh_from_db()
    assert (painting.state, painting.attempts, painting.error_code) == (State.SUCCEEDED, 1, "")
    for name in ("style", "portrait", "preview", "preview_still"):
        assert bytes(getattr(painting, name)) == f"{name} of night-cafe".encode()
    assert (painting.painter, painting.metrics) == ("digest", {"content": 0.5})
    assert len(painting.version) == 12
    assert painting.published_at is None
    for job in jobs:
        job.refresh_from_db()
        assert job.started_at and painting.started_at and job.started_at <= painting.started_at


def test_one_painting_at_a_time_leaves_the_other_children_to_the_portraits(workers: Workers) -> None:
    own_painting("hang")
    later = own_painting("later")
    workers.start(processes=2)
    wait_for(lambda: fits(workers), "the first painting")
    job = enqueue(student("ann"))
    wait_for(lambda: PortraitJob.objects.get(pk=job.pk).state == State.SUCCEEDED, "the portrait")
    later.refresh_from_db()
    assert later.state == State.QUEUED


def test_a_killed_child_is_tried_again_and_what_cannot_be_fitted_is_not(workers: Workers) -> None:
    killed, unfit, job = own_painting("kill-once"), own_painting("unfit"), enqueue(student("ann"))
    drain(workers)
    for row in (killed, unfit, job):
        row.refresh_from_db()
    assert (killed.state, killed.attempts) == (State.SUCCEEDED, 2)
    assert (unfit.state, unfit.attempts, unfit.error_code) == (State.FAILED, 1, "fitting_unavailable")
    assert job.state == State.SUCCEEDED


def test_a_second_worker_fits_what_a_killed_one_began(workers: Workers) -> None:
    painting = own_painting("hang")
    worker = workers.start(lease=1.0)
    wait_for(lambda: fits(workers), "the attempt")
    worker.kill()
    worker.wait()
    workers.start(lease=1.0)
    wait_for(nothing_active, "the second attempt")
    painting.refresh_from_db()
    assert (painting.state, painting.attempts) == (State.SUCCEEDED, 2)


def test_a_deleted_painting_ends_its_attempt(workers: Workers) -> None:
    painting = own_painting("hang")
    workers.start()
    wait_for(lambda: fits(workers), "the attempt")
    painting.delete()
    wait_for(lambda: "is not ours any more" in workers.output(), "the end of the attempt")
    job = enqueue(student("ann"))
    wait_for(lambda: PortraitJob.objects.get(pk=job.pk).state == State.SUCCEEDED, "the next portrait")


@pytest.mark.django_db(transaction=True)
def test_a_late_result_changes_nothing() -> None:
    own_painting("night-cafe")
    late = transitions.claim_next(OwnPainting, "one")
    assert late is not None and transitions.give_back(late)
    holder = transitions.claim_next(OwnPainting, "two")
    assert holder is not None
    first, second = (Fitted(text, "digest", text, text, text, {}) for text in (b"late", b"in time"))
    assert not fittings.finish(late, first)
    assert fittings.finish(holder, second)
    assert fittings.finish(holder, second)  # asked again after a lost connection
    assert not fittings.finish(late, first)
    assert bytes(OwnPainting.objects.get().style or b"") == b"in time"
