"""Lines of the log that belong to a job carry its number and the id of the request that sent its photo."""

from __future__ import annotations

from contextlib import AbstractContextManager

from common.logs.context import bound
from portrait.models import PortraitJob, QueuedWork


def logged_for(job: QueuedWork) -> AbstractContextManager[None]:
    """What is logged inside belongs to ``job``."""
    request_id = job.request_id if isinstance(job, PortraitJob) else ""
    return bound(**{"request_id": request_id, job.KIND: job.pk})
