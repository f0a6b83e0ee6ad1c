"""Steps that may fail for a while, as when the database is away: tried again after growing pauses."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0

logger = logging.getLogger(__name__)


class Guard:
    """Runs the steps of one thread. ``failed`` says whether the last one did."""

    def __init__(self) -> None:
        self.failed = False
        self._pause = 0.0

    def run(self, step: Any, *args: Any) -> Any:
        """The step's result. Whatever goes wrong, the state is kept, and None is returned after a pause."""
        try:
            result = step(*args)
        except Exception as error:
            self.failed = True
            self._pause = min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
            if isinstance(error, OperationalError | InterfaceError):
                logger.warning("the database does not answer (%s); next try in %.1f s", error, self._pause)
                with contextlib.suppress(DatabaseError, InterfaceError):
                    connection.close()
            else:
                logger.exception("a step of the worker failed; next try in %.1f s", self._pause)
            time.sleep(self._pause)
            return None
        self.failed = False
        self._pause = 0.0
        return result
