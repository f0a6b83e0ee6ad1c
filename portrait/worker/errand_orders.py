"""The worker's part in errands: the order for a child, and the row at the end."""

from __future__ import annotations

import logging
from pathlib import Path

from portrait.models import Errand
from portrait.queue import errands
from portrait.worker.messages import ErrandDone, ErrandOrder
from portrait.worker.running import WorkerOptions

logger = logging.getLogger(__name__)


def order_of(errand: Errand, folder: Path, source: bytes, options: WorkerOptions) -> ErrandOrder:
    """Write the source into the attempt's folder. Raises OSError."""
    file = folder / "source"
    file.write_bytes(source)
    return ErrandOrder(
        errand=errand.pk,
        kind=errand.kind,
        source=str(file),
        folder=str(folder),
        face=errand.source.face if errand.source else None,
        options=options.options,
    )


def finish(errand: Errand, folder: Path, done: ErrandDone) -> None:
    """Write what the child made into the row. Raises OSError where it cannot be read."""
    if errands.finish(errand, (folder / done.file).read_bytes()):
        logger.info("%s: done in attempt %s", errand.label, errand.attempts)
    else:
        logger.info("%s: finished too late, the result is dropped", errand.label)
