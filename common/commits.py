"""What is done once a transaction is committed, and may fail without anybody else's harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction

logger = logging.getLogger(__name__)


def after_commit(act: Callable[..., Any], *arguments: Any) -> None:
    """Call ``act`` after the commit; an error is logged, and the request or the worker goes on.

    Django's own ``robust=True`` fails in turn for a ``functools.partial``, which has no name to be logged with.
    """

    def hook() -> None:
        try:
            act(*arguments)
        except OSError as error:
            logger.warning("left undone after a commit: %s", error)
        except Exception:
            logger.exception("left undone after a commit")

    transaction.on_commit(hook)
