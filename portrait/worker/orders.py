"""What a worker takes next, and the order for its attempt: all that a child needs, in a folder of its own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from common.storage import media
from portrait import own_styles
from portrait.models import OwnPainting, PortraitJob
from portrait.queue import transitions
from portrait.worker import fitting
from portrait.worker.aside import Meanwhile
from portrait.worker.faults import is_the_machines
from portrait.worker.messages import AttemptFailed, AttemptOrder, FitOrder
from portrait.worker.running import WorkerOptions

Job = PortraitJob | OwnPainting

logger = logging.getLogger(__name__)


def take(worker: str, options: WorkerOptions) -> Job | None:
    """Claim the next portrait, or, where none waits, a painting, of which one at a time is enough."""
    job = transitions.claim(worker, lease_seconds=options.lease)
    if job is not None or OwnPainting.objects.filter(state=OwnPainting.State.RUNNING).exists():
        return job
    return transitions.claim_next(OwnPainting, worker, lease_seconds=options.lease)


def work_for(job: Job, options: WorkerOptions) -> tuple[str, float]:
    """The dotted path of the task for ``job``, and the seconds that an attempt may take."""
    if isinstance(job, OwnPainting):
        return options.fit_task, options.fit_deadline
    return options.task, options.deadline


def order_for(
    job: Job, new_folder: Callable[[], Path], options: WorkerOptions, meanwhile: Meanwhile
) -> AttemptOrder | FitOrder | AttemptFailed:
    """Fetch what an attempt at ``job`` needs; or how the attempt ended before it began."""
    photo = b""
    if isinstance(job, PortraitJob):
        # Through the storage, so that workers need no disk in common.
        try:
            photo = meanwhile(partial(media().read, str(job.photo.name)))
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
        return _portrait_order(job, folder, photo, options)
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        if not isinstance(error, OSError):
            raise
        return AttemptFailed("storage_unavailable", str(error), machine=True)


def _portrait_order(job: PortraitJob, folder: Path, photo: bytes, options: WorkerOptions) -> AttemptOrder:
    """Write photo and own style into the folder. Raises OSError."""
    (folder / "photo.jpg").write_bytes(photo)
    style = own_styles.packed(job.style) if job.style else None
    if style is not None:
        (folder / "own.style").write_bytes(style)
    return AttemptOrder(
        job=job.pk,
        photo=str(folder / "photo.jpg"),
        request=job.request,
        face=job.face,
        folder=str(folder),
        options=options.options,
        request_id=job.request_id,
        own_style="" if style is None else str(folder / "own.style"),
    )
