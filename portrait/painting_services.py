"""What an admin does with an own painting: upload it, have its style fitted, offer it, take it back."""

from __future__ import annotations

from portrait import own_styles
from portrait.engine.errors import PhotoError
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.picture import clean_jpeg
from portrait.models import OwnPainting, PortraitJob
from portrait.queue import delivery, fittings
from portrait.queue.clock import database_now

# Brushwork is learned from the painting enlarged to some 600 pixels; below this it is guessed.
LEAST_SIDE = 256
# Larger than the largest size at which a painting is shown to the training.
STORED_SIDE = 1536


def prepare_painting(data: bytes) -> bytes:
    """The picture as it is stored: a JPEG without metadata. Raises PhotoError, as for a student's photo."""
    picture = read_photo(data)
    if min(picture.shape[:2]) < LEAST_SIDE:
        raise PhotoError(f"each side needs {LEAST_SIDE} pixels", code="painting_too_small")
    return clean_jpeg(picture, STORED_SIDE)


def add_painting(painting: OwnPainting, picture: bytes) -> None:
    """Store a painting with its prepared picture; a worker fits its style. Raises IntegrityError for a known name."""
    painting.picture = picture
    # The clock of the queue is the database's; the process's own may be ahead.
    painting.created_at = painting.queued_at = painting.not_before = database_now()
    painting.save(force_insert=True)
    delivery.wake(painting.pk)


def fit_again(painting: OwnPainting) -> bool:
    """Queue the painting once more, as after new weights. False while it waits or runs."""
    if not fittings.fit_again(painting):
        return False
    delivery.wake(painting.pk)
    return True


def publish(painting: OwnPainting) -> bool:
    """Offer the style to all. False where it is offered, has no style, or has one for other weights.

    Raises CheckpointError.
    """
    return fittings.publish(painting, own_styles.digest())


def unpublish(painting: OwnPainting) -> bool:
    """Offer the style no more; portraits that were accepted with it are still made. False where it is not offered."""
    return fittings.unpublish(painting)


def may_delete(painting: OwnPainting) -> bool:
    """Whether nobody needs the style: it is not offered, and no portrait waits for it."""
    waiting = PortraitJob.objects.filter(style=painting.slug, state__in=PortraitJob.ACTIVE)
    return painting.published_at is None and not waiting.exists()
