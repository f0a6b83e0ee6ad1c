"""The worker's part in errands: the order for a child, and the row at the end."""

from __future__ import annotations

import logging
from pathlib import Path

from portrait import own_styles
from portrait.engine.errors import CheckpointError
from portrait.models import Errand
from portrait.queue import errands
from portrait.worker.messages import ErrandDone, ErrandOrder
from portrait.worker.running import WorkerOptions

logger = logging.getLogger(__name__)


def order_of(errand: Errand, folder: Path, source: bytes, options: WorkerOptions) -> ErrandOrder:
    """Write the source, and for previews the own paintings' styles, into the attempt's folder. Raises OSError."""
    file = folder / "source"
    file.write_bytes(source)
    own = _own_styles(folder) if errand.kind == Errand.Kind.PREVIEWS else {}
    return ErrandOrder(
        errand=errand.pk,
        kind=errand.kind,
        source=str(file),
        folder=str(folder),
        face=errand.source.face if errand.source else None,
        options=options.options,
        own_styles=own,
    )


def _own_styles(folder: Path) -> dict[str, str]:
    try:
        offered = own_styles.offered()
    except CheckpointError:
        return {}  # which weights they fit is not known; the attempt itself tells what is wrong with them
    files = {}
    for painting in offered:
        style = own_styles.packed(painting.slug)
        if style is not None:
            file = folder / f"{painting.slug}.style"
            file.write_bytes(style)
            files[painting.slug] = str(file)
    return files


def finish(errand: Errand, folder: Path, done: ErrandDone) -> None:
    """Write what the child made into the row. Raises OSError where it cannot be read."""
    if errands.finish(errand, (folder / done.file).read_bytes()):
        logger.info("%s: done in attempt %s", errand.label, errand.attempts)
    else:
        logger.info("%s: finished too late, the result is dropped", errand.label)
