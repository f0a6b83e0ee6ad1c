"""The worker's part in errands: what they are made of, the order for a child, and the row at the end."""

from __future__ import annotations

import logging
from pathlib import Path

from common.storage import media
from portrait.models import Errand
from portrait.queue import errands
from portrait.worker.messages import ErrandDone, ErrandOrder
from portrait.worker.running import WorkerOptions

logger = logging.getLogger(__name__)


def source_of(errand: Errand) -> bytes:
    """The clip or the photo. Raises FileNotFoundError where it was deleted meanwhile, and OSError."""
    if errand.kind == Errand.Kind.PERFORMANCE:
        if errand.clip is None:
            raise FileNotFoundError
        return bytes(errand.clip)
    if errand.source is None or not errand.source.photo:
        raise FileNotFoundError
    return media().read(str(errand.source.photo.name))


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
