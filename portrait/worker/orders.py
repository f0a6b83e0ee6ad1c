"""The order for an attempt: the job's photo in a folder of its own."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.storage import media
from portrait.models import PortraitJob
from portrait.worker.faults import is_the_machines
from portrait.worker.messages import AttemptFailed, AttemptOrder

logger = logging.getLogger(__name__)


def order_for(job: PortraitJob, new_folder: Callable[[], Path], options: Any) -> AttemptOrder | AttemptFailed:
    """Fetch the photo for an attempt at ``job``; or how the attempt ended before it began."""
    # Through the storage, so that workers need no disk in common.
    try:
        data = media().read(str(job.photo.name))
    except FileNotFoundError:
        return AttemptFailed("photo_missing", final=True)
    except OSError as error:
        # Not given back, unless the machine is at fault: it would be claimed first again and hold up all others.
        logger.error("job %s: cannot read the photo: %s", job.pk, error)
        return AttemptFailed("storage_unavailable", machine=is_the_machines(error))
    try:
        folder = new_folder()
    except OSError as error:
        return AttemptFailed("storage_unavailable", str(error), machine=True)
    photo = folder / "photo.jpg"
    try:
        photo.write_bytes(data)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return AttemptFailed("storage_unavailable", str(error), machine=True)
    return AttemptOrder(
        job=job.pk,
        photo=str(photo),
        request=job.request,
        face=job.face,
        folder=str(folder),
        options=options,
    )
