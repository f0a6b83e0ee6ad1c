"""What changes a painting's row beside the changes that all jobs have (``transitions``): its style, its publication.

As there, each is one conditional UPDATE.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from portrait.models import OwnPainting
from portrait.queue.clock import database_now
from portrait.queue.transitions import held_by

State = OwnPainting.State


@dataclass(frozen=True)
class Fitted:
    """What an attempt made: the packed style, the digest of its painter, and the pictures of ``OwnPainting``."""

    style: bytes
    painter: str
    portrait: bytes
    preview: bytes
    preview_still: bytes
    metrics: Mapping[str, float]

    @property
    def version(self) -> str:
        """Other contents have another version."""
        parts = (self.style, self.portrait, self.preview, self.preview_still)
        return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


def finish(painting: OwnPainting, fitted: Fitted) -> bool:
    """``succeeded``, with the new style. False: the lease was lost."""
    done = held_by(painting).update(
        state=State.SUCCEEDED,
        lease_expires_at=None,
        stage="",
        progress=1.0,
        error_code="",
        error_detail="",
        finished_at=database_now(),
        style=fitted.style,
        painter=fitted.painter,
        portrait=fitted.portrait,
        preview=fitted.preview,
        preview_still=fitted.preview_still,
        metrics=dict(fitted.metrics),
        version=fitted.version,
    )
    # A connection that broke during COMMIT leaves the caller in doubt; when it asks again, this tells.
    return (
        bool(done)
        or OwnPainting.objects.filter(
            pk=painting.pk, state=State.SUCCEEDED, lease=painting.lease, version=fitted.version
        ).exists()
    )


def fit_again(painting: OwnPainting) -> bool:
    """Queue the painting once more; the style that it has stays in use meanwhile. False while it waits or runs."""
    now = database_now()
    return bool(
        OwnPainting.objects.filter(pk=painting.pk, lease=painting.lease)
        .exclude(state__in=OwnPainting.ACTIVE)
        .update(
            state=State.QUEUED,
            attempts=0,
            queued_at=now,
            not_before=now,
            started_at=None,
            finished_at=None,
            stage="",
            progress=0.0,
            error_code="",
            error_detail="",
        )
    )


def publish(painting: OwnPainting, painter: str) -> bool:
    """Offer the style to all. False where it is offered already, or has no style for the painter of that digest."""
    return bool(
        OwnPainting.objects.filter(
            pk=painting.pk, published_at=None, style__isnull=False, painter=painter
        ).update(published_at=database_now())
    )


def unpublish(painting: OwnPainting) -> bool:
    """Offer the style no more; portraits that were accepted with it are still made. False where it is not offered."""
    return bool(
        OwnPainting.objects.filter(pk=painting.pk, published_at__isnull=False).update(published_at=None)
    )
