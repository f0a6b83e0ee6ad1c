"""The worker's part in fitting a style to a painting: the order for a child, and the row at the end."""

from __future__ import annotations

import logging
from pathlib import Path

from portrait.models import OwnPainting
from portrait.queue import fittings
from portrait.queue.fittings import Fitted
from portrait.worker.messages import FitDone, FitOrder
from portrait.worker.running import WorkerOptions

logger = logging.getLogger(__name__)


def order_of(painting: OwnPainting, folder: Path, options: WorkerOptions) -> FitOrder:
    """Write the picture into the attempt's folder. Raises OSError."""
    picture = folder / "painting.jpg"
    picture.write_bytes(painting.picture)
    return FitOrder(
        painting=painting.pk,
        picture=str(picture),
        slug=painting.slug,
        titles=painting.titles,
        folder=str(folder),
        photos=options.fit_photos,
        minutes=options.fit_minutes,
        options=options.options,
    )


def finish(painting: OwnPainting, folder: Path, done: FitDone) -> None:
    """Write what the child made into the row. Raises OSError where it cannot be read."""
    files = {name: (folder / file).read_bytes() for name, file in done.files.items()}
    if fittings.finish(painting, Fitted(**files, painter=done.painter, metrics=done.metrics)):
        logger.info("%s: the style %s was fitted", painting.label, painting.slug)
    else:
        logger.info("%s: finished too late, the result is dropped", painting.label)
