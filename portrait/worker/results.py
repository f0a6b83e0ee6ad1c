"""The end of an attempt: its outcome, its files in the storage, and then the row."""

from __future__ import annotations

import json
import logging
from concurrent.futures import CancelledError
from pathlib import Path

from pebble import ProcessExpired

from common.storage import media
from portrait import files
from portrait.engine.output.formats import FORMATS, POSTER
from portrait.queue import transitions
from portrait.queue.transitions import Results
from portrait.worker.faults import is_the_machines
from portrait.worker.health import Health
from portrait.worker.messages import AttemptDone, AttemptFailed
from portrait.worker.pool import is_alive, report_of
from portrait.worker.running import RunningAttempt, WorkerOptions

logger = logging.getLogger(__name__)


class GiveBack(Exception):
    """The attempt ended through no fault of the job."""


def settle(attempt: RunningAttempt, options: WorkerOptions, health: Health, *, stopping: bool) -> None:
    """Write the result of an attempt whose child has ended, into the storage and then into the row.

    ``stopping``: the worker was told to end, and its children with it.
    """
    job = attempt.job
    try:
        outcome = outcome_of(attempt, options, stopping=stopping)
    except GiveBack:
        transitions.give_back(job)
        logger.info("job %s: given back", job.pk)
        return
    if isinstance(outcome, AttemptDone):
        try:
            _store(attempt, outcome)
        except OSError as error:
            logger.error("job %s: cannot store the result: %s", job.pk, error)
            detail = f"the media storage cannot be used: {error}"
            outcome = AttemptFailed("storage_unavailable", detail, machine=is_the_machines(error))
        else:
            _finish(attempt, outcome)
            health.worked()
            return
    if health.is_to_blame(outcome):
        transitions.give_back(job)
        logger.info("job %s: given back (%s)", job.pk, outcome.code)
        return
    health.worked()
    if outcome.log:
        logger.error("job %s: %s\n%s", job.pk, outcome.code, outcome.log)
    transitions.fail(job, outcome.code, outcome.detail, final=outcome.final, backoff=options.backoff)
    logger.info("job %s: attempt %s failed: %s %s", job.pk, job.attempts, outcome.code, outcome.detail)


def outcome_of(
    attempt: RunningAttempt, options: WorkerOptions, *, stopping: bool
) -> AttemptDone | AttemptFailed:
    """What the child answered, or how it ended. Raises GiveBack."""
    try:
        outcome: AttemptDone | AttemptFailed = attempt.future.result(timeout=0)
        return outcome
    except TimeoutError:
        return AttemptFailed("deadline_exceeded", f"not done after {options.deadline:g} seconds")
    except ProcessExpired as error:
        if stopping:
            # A service manager signals the whole group: the child was told to end, the job did not kill it.
            raise GiveBack from error
        return AttemptFailed("child_killed", f"the process ended with exit code {error.exitcode}")
    except CancelledError as error:
        raise GiveBack from error
    except Exception as error:
        # The pool broke. If this very job's child is dead, the job is the cause; else it is not.
        report = report_of(attempt.order)
        if report and not is_alive(report.pid) and not stopping:
            return AttemptFailed("child_killed", f"the process ended ({error})")
        raise GiveBack from error


def show_still(attempt: RunningAttempt) -> None:
    """Store the painted still and announce it, once, as soon as the child has written it.

    A still that cannot be stored is given up; the film is not.
    """
    if attempt.still_seen or attempt.cancelled is not None or not attempt.order.still_file.exists():
        return
    job = attempt.job
    if not attempt.still_name:
        name = files.result_name(job.key, job.lease, POSTER.suffix)
        try:
            media().write(name, attempt.order.still_file.read_bytes())
        except OSError as error:
            attempt.still_seen = True
            logger.warning("job %s: cannot store the painted still: %s", job.pk, error)
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
    if attempt.read or not attempt.order.look or not attempt.order.readings_file.exists():
        return
    transitions.keep_readings(attempt.job, json.loads(attempt.order.readings_file.read_bytes()))
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


def _store(attempt: RunningAttempt, done: AttemptDone) -> None:
    if attempt.names:
        return  # written before the database connection was lost
    names = {}
    try:
        for row in FORMATS:
            if row.name not in done.files:
                continue  # not to be made here
            data = (Path(attempt.order.folder) / done.files[row.name]).read_bytes()
            names[row.name] = files.result_name(attempt.job.key, attempt.job.lease, row.suffix)
            media().write(names[row.name], data)
    except BaseException:
        media().delete(names.values())
        raise
    attempt.names = names


def _finish(attempt: RunningAttempt, done: AttemptDone) -> None:
    job = attempt.job
    keep_readings(attempt)
    if transitions.finish(job, Results(attempt.names, done.request, done.timings)):
        logger.info("job %s: succeeded in attempt %s", job.pk, job.attempts)
    else:
        # Another worker has the job, or it was cancelled or deleted.
        media().delete(attempt.names.values())
        logger.info("job %s: finished too late, the result is dropped", job.pk)
