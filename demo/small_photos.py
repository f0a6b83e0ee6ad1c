"""Jobs with files of a few bytes, for workers that only pretend to paint."""

from __future__ import annotations

import uuid

from common.storage import media
from portrait import files
from portrait.engine.request import DEFAULTS, PortraitRequest
from portrait.models import PortraitJob
from portrait.queue import acceptance


def send_small_photo(student_id: int) -> PortraitJob:
    """Accept a photo of the student, as an upload does."""
    key = uuid.uuid4()
    photo, still = files.photo_name(key), files.still_name(key)
    for name in (photo, still):
        media().write(name, b"a photo")
    return acceptance.enqueue(
        student_id=student_id,
        key=key,
        photo=photo,
        still=still,
        request=PortraitRequest(motion="nod", seed=7).or_else(DEFAULTS),
    )
