"""A house's own crest: an uploaded picture, validated and re-encoded before it is stored and served."""

from __future__ import annotations

import io
import secrets
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import models
from django.db.models.fields.files import FieldFile

from portrait.engine.errors import PhotoError
from portrait.engine.photo.decoding import PhotoLimits, read_image
from portrait.problems import describe

FOLDER = "crests"
# Sharp on the student card on a high-density display.
SIDE = 512
LIMITS = PhotoLimits(working_side=SIDE)


def crest_webp(data: bytes) -> bytes:
    """An uploaded picture as a WebP file without metadata, at most ``SIDE`` pixels long, transparency kept.

    Raises PhotoError with the codes of ``read_image``.
    """
    picture = read_image(data, limits=LIMITS)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=90, method=6)
    return out.getvalue()


def server_name(instance: models.Model, filename: str) -> str:
    """A random name; the client's file name is not used."""
    return f"{FOLDER}/{secrets.token_hex(8)}.webp"


class CrestField(models.FileField):
    """A ``FileField`` that stores what :func:`crest_webp` makes of the upload, below ``MEDIA_ROOT/crests``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"upload_to": server_name, "max_length": 100, **kwargs})

    def validate(self, value: FieldFile, model_instance: models.Model | None) -> None:
        """Raises ValidationError with the photo's code for a file that is no picture."""
        super().validate(value, model_instance)
        if value and not value._committed:  # type: ignore[attr-defined]
            _encoded(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> FieldFile:
        """Store the picture in place of the uploaded file."""
        file: FieldFile = getattr(model_instance, self.attname)
        if file and not file._committed:  # type: ignore[attr-defined]
            file.save("crest.webp", ContentFile(_encoded(file)), save=False)
        return file


def _encoded(file: FieldFile) -> bytes:
    file.seek(0)
    try:
        return crest_webp(file.read())
    except PhotoError as error:
        raise ValidationError(describe(error.code), code=error.code) from error
