"""Writes of the sorting."""

from __future__ import annotations

import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError

from dormitory.models import House
from user.models import User


def enrol(*, student: User, house: House, birthday: datetime.date) -> None:
    """Put ``student`` into ``house`` from today on, once and for ever.

    Needs an uploaded photo, but not a finished portrait: the worker writes that into the same record on its own,
    before or after. Raises ``ValidationError`` (400) with code ``photo_missing`` or ``already_sorted``.
    """
    # One conditional UPDATE, so that of two requests at once only the first one sorts.
    changed = (
        User.objects.filter(pk=student.pk, house__isnull=True)
        .exclude(still="")
        .update(house=house, birthday=birthday, join_date=timezone.localdate())
    )
    if changed:
        return
    student.refresh_from_db(fields=["house", "still"])
    if student.house_id is not None:
        raise ValidationError(_("You have been sorted already."), code="already_sorted")
    raise ValidationError(_("Upload a photo first."), code="photo_missing")
