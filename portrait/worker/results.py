"""The end of an attempt: its outcome, its files in the storage, and then the row."""

from __future__ import annotations

import json
import logging
from functools import partial
from pathlib import Path

from django.db import InterfaceError, OperationalError

from common.storage import media
from portrait import files
from portrait.engine.output.formats import FORMATS, POSTER
from portrait.models import Errand, OwnPainting, PortraitJob, QueuedWork
from portrait.queue import transitions
from portrait.queue.transitions import Results
from portrait.worker import errand_orders, fitting
from portrait.worker.aside import Meanwhile
from portrait.worker.faults import is_the_machines
from portrait.worker.health import Health
from portrait.worker.messages import AttemptDone, AttemptFailed, AttemptOrder, Done, ErrandDone, FitDone
from portrait.worker.running import RunningAttempt, WorkerOptions

logger = logging.getLogger(__name__)


def end(
    attempt: RunningAttempt,
    outcome: Done | AttemptFailed | None,
    options: WorkerOptions,
    health: Health,
    meanwhile: Meanwhile,
) -> None:
    """Write how an attempt ended, into the storage and then into the row. None: through no fault of the job.

    May be called again: a second time changes nothing. Raises OperationalError and InterfaceError, and can then go on
    later.
    """
    try:
        _settle(attempt, outcome, options, health, meanwhile)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("%s: cannot be finished", attempt.job.label)
        discard(attempt)
        transitions.fail(attempt.job, "internal_error", backoff=options.backoff)


def _settle(
    attempt: RunningAttempt,
    outcome: Done | AttemptFailed | None,
    options: WorkerOptions,
    health: Health,
    meanwhile: Meanwhile,
) -> None:
    job = attempt.job
    if outcome is None:
        transitions.give_back(job)
        logger.info("%s: given back", job.label)
        return
    if not isinstance(outcome, AttemptFailed):
        try:
            _keep(attempt, outcome, meanwhile)
        except OSError as error:
            logger.error("%s: cannot store the result: %s", job.label, error)
            detail = f"the result cannot be stored: {error}"
            outcome = AttemptFailed("storage_unavailable", detail, machine=is_the_machines(error))
        else:
            health.worked()
            return
    if health.is_to_blame(outcome):
        transitions.give_back(job)
        logger.info("%s: given back (%s)", job.label, outcome.code)
        return
    health.worked()
    if outcome.log:
        logger.error("%s: %s\n%s", job.label, outcome.code, outcome.log)
    # Nothing is written, and nothing said, where this end was written before or the lease was lost.
    if transitions.fail(job, outcome.code, outcome.detail, final=outcome.final, backoff=options.backoff):
        logger.info("%s: attempt %s failed: %s %s", job.label, job.attempts, outcome.code, outcome.detail)


def end_unbegun(job: QueuedWork, outcome: AttemptFailed, options: WorkerOptions, health: Health) -> None:
    """End an attempt that has no order."""
    if health.is_to_blame(outcome):
        transitions.give_back(job)
    else:
        transitions.fail(job, outcome.code, outcome.detail, final=outcome.final, backoff=options.backoff)


def show_still(attempt: RunningAttempt, meanwhile: Meanwhile) -> None:
    """Store the painted still and announce it, once, as soon as the child has written it.

    A still that cannot be stored is given up; the film is not.
    """
    job, order = attempt.job, attempt.order
    if not isinstance(job, PortraitJob) or not isinstance(order, AttemptOrder):
        return
    if attempt.still_seen or attempt.cancelled is not None or not order.still_file.exists():
        return
    if not attempt.still_name:
        name = files.result_name(job.key, job.lease, POSTER.suffix)
        try:
            data = order.still_file.read_bytes()
            meanwhile(partial(media().write, name, data))
        except OSError as error:
            attempt.still_seen = True
            logger.warning("%s: cannot store the painted still: %s", job.label, error)
            return
        attempt.still_name = name
    # When this raises, the row may name the file or not: the next round announces the same one again.
    if transitions.show_still(job, attempt.still_name):
        attempt.still_name = ""
    else:
        discard_still(attempt)
    attempt.still_seen = True


def keep_readings(attempt: RunningAttempt) -> None:
    """Put what the child read of the picture into the row, once, as soon as it is there."""
    job, order = attempt.job, attempt.order
    if not isinstance(job, PortraitJob) or not isinstance(order, AttemptOrder):
        return
    if attempt.read or not order.look or not order.readings_file.exists():
        return
    transitions.keep_readings(job, json.loads(order.readings_file.read_bytes()))
    attempt.read = True


def discard_still(attempt: RunningAttempt) -> None:
    """Delete the painted still of an attempt that has lost its row, where it was stored and not announced."""
    if attempt.still_name:
        media().delete([attempt.still_name])
        attempt.still_name = ""


def discard(attempt: RunningAttempt) -> None:
    """Delete what was stored of a result that no row will name."""
    media().delete(attempt.names.values())
    attempt.names = {}


def _keep(attempt: RunningAttempt, done: Done, meanwhile: Meanwhile) -> None:
    """Write the result of an attempt to where it stays, and end the job. Raises OSError."""
    if isinstance(attempt.job, OwnPainting) and isinstance(done, FitDone):
        fitting.finish(attempt.job, Path(attempt.order.folder), done)
    elif isinstance(attempt.job, Errand) and isinstance(done, ErrandDone):
        errand_orders.finish(attempt.job, Path(attempt.order.folder), done)
    elif isinstance(attempt.job, PortraitJob) and isinstance(done, AttemptDone):
        meanwhile(partial(_store, attempt, attempt.job, done))
        _finish(attempt, attempt.job, done)
    else:
        raise TypeError(f"{attempt.job.label} ended as {type(done).__name__}")


def _store(attempt: RunningAttempt, job: PortraitJob, done: AttemptDone) -> None:
    if attempt.names:
        return  # written before the database connection was lost
    names = {}
    try:
        for row in FORMATS:
            if row.name not in done.files:
                continue  # not to be made here
            data = (Path(attempt.order.folder) / done.files[row.name]).read_bytes()
            names[row.name] = files.result_name(job.key, job.lease, row.suffix)
            media().write(names[row.name], data)
    except BaseException:
        media().delete(names.values())
        raise
    attempt.names = names


def _finish(attempt: RunningAttempt, job: PortraitJob, done: AttemptDone) -> None:
    keep_readings(attempt)
    if transitions.finish(job, Results(attempt.names, done.request, done.timings)):
        logger.info("%s: succeeded in attempt %s", job.label, job.attempts)
    else:
        # Another worker has the job, or it was cancelled or deleted.
        media().delete(attempt.names.values())
        logger.info("%s: finished too late, the result is dropped", job.label)
