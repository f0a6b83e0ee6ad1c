"""What one client may hold of the server, and the number of connections that the process has descriptors for."""

from __future__ import annotations

import logging
import resource
from dataclasses import dataclass

# A connection, the temporary file of its body, and a file that is sent.
DESCRIPTORS_OF_CONNECTION = 3
# Database, static files, log, libraries, and what the worker threads open.
OTHER_DESCRIPTORS = 256

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds, rates in bytes a second."""

    # A longer body is received up to ``discarded_body`` and thrown away, so that a browser gets to see the answer.
    kept_body: int
    discarded_body: int
    headers: int = 32 * 1024
    # A longer body is kept in a temporary file.
    body_in_memory: int = 64 * 1024
    connections: int = 2000
    # Without a byte of a request: a new connection, and one between two requests.
    idle_time: float = 30.0
    header_time: float = 15.0
    # A body, and the reading of an answer, get this time and one second more for every ``least_rate`` bytes.
    body_time: float = 20.0
    answer_time: float = 30.0
    least_rate: float = 4096.0
    # After a signal to stop, requests that have arrived get this time to finish.
    stop_time: float = 10.0


def available_connections(wanted: int) -> int:
    """Raise the soft limit of open files for ``wanted`` connections; the number for which it suffices."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted * DESCRIPTORS_OF_CONNECTION + OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < needed:
        target = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (target, hard))
            soft = target
        except (OSError, ValueError) as error:
            logger.warning("cannot raise the limit of open files from %s to %s: %s", soft, target, error)
        if soft < needed:
            possible = max(16, (soft - OTHER_DESCRIPTORS) // DESCRIPTORS_OF_CONNECTION)
            logger.warning("%s open files suffice for %s connections of %s", soft, possible, wanted)
            return possible
    return wanted
