"""The styles of own paintings as portraits use them: which are offered, and their bytes. Reads only."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Q

from portrait.engine.style.catalogue import PAINTER_WEIGHTS
from portrait.engine.style.row import painter_digest
from portrait.models import OwnPainting


def digest() -> str:
    """Of the painter that portraits are painted with. Raises CheckpointError."""
    return painter_digest(settings.PORTRAIT["CHECKPOINTS"] / PAINTER_WEIGHTS.name)


def offered() -> list[OwnPainting]:
    """The published styles that fit the painter, without their pictures, in the order of their uploads. One query.

    Raises CheckpointError where there is one and the painter's weights cannot be read.
    """
    published = OwnPainting.objects.filter(published_at__isnull=False).order_by("id")
    rows = list(published.only("slug", "titles", "version", "painter"))
    return [row for row in rows if row.painter == digest()]


def newer_than(moment: datetime) -> bool:
    """Whether a published style was published, or fitted again, since."""
    since = Q(published_at__gt=moment) | Q(finished_at__gt=moment)
    return OwnPainting.objects.filter(since, published_at__isnull=False).exists()


def packed(slug: str) -> bytes | None:
    """The style of that name, published or not: a portrait that was accepted with it is made. None without one."""
    style = OwnPainting.objects.filter(slug=slug, style__isnull=False).values_list("style", flat=True).first()
    return None if style is None else bytes(style)


def preview(name: str) -> bytes | None:
    """The file ``<slug>.webp`` or ``<slug>.jpg`` of a published preview; None where there is none."""
    slug, _, suffix = name.rpartition(".")
    column = {"webp": "preview", "jpg": "preview_still"}.get(suffix)
    if column is None:
        return None
    data = (
        OwnPainting.objects.filter(slug=slug, published_at__isnull=False)
        .values_list(column, flat=True)
        .first()
    )
    return None if data is None else bytes(data)
