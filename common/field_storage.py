"""Django's storage for the file fields of models: hands everything on to :func:`common.storage.media`."""

from __future__ import annotations

from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage

from common.storage import media


class FieldStorage(Storage):
    """The ``default`` of ``STORAGES``, so that ``.url`` and uploads in the admin follow ``MEDIA_STORAGE``."""

    def _open(self, name: str, mode: str = "rb") -> File:
        return ContentFile(media().read(name), name)

    def _save(self, name: str, content: File[Any]) -> str:
        media().write(name, b"".join(content.chunks()))
        return name

    def delete(self, name: str) -> None:
        media().delete([name])

    def exists(self, name: str) -> bool:
        return media().exists(name)

    def size(self, name: str) -> int:
        """Bytes. Raises FileNotFoundError."""
        file = media().stat(name)
        if file is None:
            raise FileNotFoundError(name)
        return file.size

    def url(self, name: str | None) -> str:
        return media().url(name or "")
