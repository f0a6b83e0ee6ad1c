"""What a worker takes next, and the order for its attempt: all that a child needs, in a folder of its own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from common.storage import media
from portrait import own_styles
from portrait.engine.request import PERFORMED
from portrait.models import Errand, OwnPainting, PortraitJob
from portrait.queue import errands, transitions, turns
from portrait.worker import errand_orders, fitting
from portrait.worker.aside import Meanwhile
from portrait.worker.faults import is_the_machines
from portrait.worker.messages import AttemptFailed, AttemptOrder, ErrandOrder, FitOrder
from portrait.worker.running import WorkerOptions

Job = PortraitJob | OwnPainting | Errand

logger = logging.getLogger(__name__)


def take(worker: str, options: WorkerOptions) -> Job | None:
    """Claim an errand or a portrait, which take turns, or, where none waits, a painting.

    Of the paintings one at a time is enough.
    """
    job: Job | None = None
    for kind in turns.kinds_in_turn():
        job = job or transitions.claim_next(kind, worker, lease_seconds=options.lease)
    if job is not None or OwnPainting.objects.filter(state=OwnPainting.State.RUNNING).exists():
        return job
    return transitions.claim_next(OwnPainting, worker, lease_seconds=options.lease)


def work_for(job: Job, options: WorkerOptions) -> tuple[str, float]:
    """The dotted path of the task for ``job``, and the seconds that an attempt may take."""
    if isinstance(job, OwnPainting):
        return options.fit_task, options.fit_deadline
    if isinstance(job, Errand):
        return options.errand_task, options.errand_deadline
    return options.task, options.deadline


def order_for(
    job: Job, new_folder: Callable[[], Path], options: WorkerOptions, meanwhile: Meanwhile
) -> AttemptOrder | FitOrder | ErrandOrder | AttemptFailed:
    """Fetch what an attempt at ``job`` needs; or how the attempt ended before it began."""
    source = b""
    if not isinstance(job, OwnPainting):
        # Through the storage, so that workers need no disk in common.
        try:
            source = _source_of(job, meanwhile)
        except FileNotFoundError:
            return AttemptFailed("photo_missing", final=True)
        except OSError as error:
            # Not given back, unless the machine is at fault: it would be claimed first again and hold up all others.
            logger.error("%s: cannot read the photo: %s", job.label, error)
            return AttemptFailed("storage_unavailable", machine=is_the_machines(error))
    try:
        folder = new_folder()
    except OSError as error:
        return AttemptFailed("storage_unavailable", str(error), machine=True)
    try:
        if isinstance(job, OwnPainting):
            return fitting.order_of(job, folder, options)
        if isinstance(job, Errand):
            return errand_orders.order_of(job, folder, source, options)
        return _portrait_order(job, folder, source, options)
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        return AttemptFailed("storage_unavailable", str(error), machine=True)


def _source_of(job: PortraitJob | Errand, meanwhile: Meanwhile) -> bytes:
    """The photo or the clip. Raises FileNotFoundError where it was deleted meanwhile, and OSError."""
    if isinstance(job, Errand) and job.kind == Errand.Kind.PERFORMANCE:
        if job.clip is None:
            raise FileNotFoundError
        return bytes(job.clip)
    photo = job.photo if isinstance(job, PortraitJob) else job.source and job.source.photo
    if not photo:
        raise FileNotFoundError
    return meanwhile(partial(media().read, str(photo.name)))


def _portrait_order(job: PortraitJob, folder: Path, photo: bytes, options: WorkerOptions) -> AttemptOrder:
    """Write photo, own style and own motion into the folder. Raises OSError."""
    (folder / "photo.jpg").write_bytes(photo)
    style = own_styles.packed(job.style) if job.style else None
    if style is not None:
        (folder / "own.style").write_bytes(style)
    motion = errands.performed(job.student_id) if job.motion == PERFORMED else None
    if motion is not None:
        (folder / "own.npz").write_bytes(motion)
    return AttemptOrder(
        job=job.pk,
        photo=str(folder / "photo.jpg"),
        request=job.request,
        face=job.face,
        folder=str(folder),
        options=options.options,
        request_id=job.request_id,
        look=job.look,
        own_motion="" if motion is None else str(folder / "own.npz"),
        own_style="" if style is None else str(folder / "own.style"),
    )
