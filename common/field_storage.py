"""Django's storage for the file fields of models: hands everything on to the media storage."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from common.storage import media_storage


class FieldStorage(Storage):
    """The ``default`` of ``STORAGES``, so that ``.url`` and uploads in the admin follow ``MEDIA_STORAGE``."""

    def _open(self, name: str, mode: str = "rb") -> File:
        return ContentFile(media_storage().read(name), name)

    def _save(self, name: str, content: File[Any]) -> str:
        media_storage().write(name, b"".join(content.chunks()))
        return name

    def delete(self, name: str) -> None:
        media_storage().delete([name])

    def exists(self, name: str) -> bool:
        return media_storage().exists(name)

    def size(self, name: str) -> int:
        return len(media_storage().read(name))

    def url(self, name: str | None) -> str:
        return media_storage().url(name or "")
