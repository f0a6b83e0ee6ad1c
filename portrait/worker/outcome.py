"""How an attempt in a child of the embedded pool ended."""

from __future__ import annotations

from concurrent.futures import CancelledError

from pebble import ProcessExpired

from portrait.worker.messages import AttemptFailed, Done, deadline_exceeded
from portrait.worker.pids import is_alive
from portrait.worker.running import PooledAttempt
from portrait.worker.scratch import report_of


def outcome_of(attempt: PooledAttempt, *, stopping: bool) -> Done | AttemptFailed | None:
    """What the child answered, or how it ended; None where that was no fault of the job.

    ``stopping``: the worker was told to end, and its children with it.
    """
    try:
        outcome: Done | AttemptFailed = attempt.future.result(timeout=0)
        return outcome
    except TimeoutError:
        return deadline_exceeded(attempt.deadline)
    except ProcessExpired as error:
        if stopping:
            # A service manager signals the whole group: the child was told to end, the job did not kill it.
            return None
        return AttemptFailed("child_killed", f"the process ended with exit code {error.exitcode}")
    except CancelledError:
        return None
    except Exception as error:
        # The pool broke. If this very job's child is dead, the job is the cause; else it is not.
        report = report_of(attempt.order)
        if report and not is_alive(report.pid) and not stopping:
            return AttemptFailed("child_killed", f"the process ended ({error})")
        return None
