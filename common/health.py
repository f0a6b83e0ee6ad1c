"""Whether the service is alive, and whether it is ready: the probes that the apps have registered.

A probe that does not answer in time counts as failed, and is not started again before it has ended. The outcome is
kept for a second, so that whoever asks more often causes no more work.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, connections

OK = "ok"
# Seconds.
KEPT = 1.0
TIMEOUT = 2.0

logger = logging.getLogger(__name__)


class Unready(Exception):
    """Raised by a probe; the message is one line that anybody may read."""


@dataclass
class _Probe:
    name: str
    check: Callable[[], None]
    thread: threading.Thread | None = None
    outcome: str = ""

    def start(self) -> None:
        if self.thread is None or not self.thread.is_alive():
            self.outcome = ""
            self.thread = threading.Thread(target=self._run, name=f"probe-{self.name}", daemon=True)
            self.thread.start()

    def _run(self) -> None:
        try:
            self.check()
            self.outcome = OK
        except Unready as error:
            self.outcome = str(error)
        except Exception as error:
            # The reason may name hosts and files.
            logger.warning("the probe of the %s failed: %s: %s", self.name, type(error).__name__, error)
            self.outcome = "does not work"
        finally:
            connections.close_all()


class Readiness:
    """The registered probes and their latest outcomes."""

    def __init__(self) -> None:
        self._probes: dict[str, _Probe] = {}
        self._lock = threading.Lock()
        self._kept: dict[str, str] = {}
        self._kept_until = 0.0

    def register(self, name: str, check: Callable[[], None]) -> None:
        """``check`` returns when all is well and raises Unready, or anything else, when it is not.

        It runs in a thread of its own. A second probe of the same name takes the place of the first.
        """
        with self._lock:
            self._probes[name] = _Probe(name, check)
            self._kept_until = 0.0

    def unregister(self, name: str) -> None:
        with self._lock:
            self._probes.pop(name, None)
            self._kept_until = 0.0

    def outcomes(self) -> dict[str, str]:
        """``ok``, or what is wrong in one line, by the name of the probe."""
        with self._lock:
            if time.monotonic() >= self._kept_until:
                self._kept = self._look()
                self._kept_until = time.monotonic() + KEPT
            return self._kept

    def _look(self) -> dict[str, str]:
        end = time.monotonic() + TIMEOUT
        for probe in self._probes.values():
            probe.start()
        for probe in self._probes.values():
            assert probe.thread is not None
            probe.thread.join(max(0.0, end - time.monotonic()))
        return {
            name: probe.outcome or f"does not answer within {TIMEOUT:g} seconds"
            for name, probe in self._probes.items()
        }


readiness = Readiness()


def database() -> None:
    """The probe of the database: one query that touches no table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
