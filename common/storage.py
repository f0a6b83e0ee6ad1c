"""The store of media files: one small interface, and the implementation that keeps them in ``MEDIA_ROOT``.

A name is a relative path with ``/`` between its parts, made by the server, never by a client. Its first part is its
area. ``settings.MEDIA_STORAGE`` is the dotted path of the implementation.
"""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils._os import safe_join
from django.utils.encoding import filepath_to_uri
from django.utils.module_loading import import_string

from common.file_responses import file_response

# Anyone who knows its URL may fetch a file of these. Files of all other areas are sent by views that check who asks.
PUBLIC_AREAS = ("portraits", "crests")

_PARTIAL = ".part"

logger = logging.getLogger(__name__)


class NotStoredError(FileNotFoundError):
    """There is no file of that name. All other faults of a store are plain OSErrors."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no file {name!r}")


@dataclass(frozen=True)
class StoredFile:
    """What the store knows of a file without reading it."""

    name: str
    modified: float  # seconds since 1970
    size: int  # bytes that deleting it frees: 0 where other names share its contents


class MediaStorage(ABC):
    """Files by name. Methods raise NotStoredError where they say so, and OSError when the store does not work."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """The contents of a file. Raises NotStoredError."""

    @abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Store the whole file or none of it, durably: when this returns it survives a power failure.

        A file that has the name already is replaced.
        """

    @abstractmethod
    def copy(self, source: str, target: str) -> None:
        """Give ``source``'s contents a second name, whole or not at all. Raises NotStoredError.

        Later writes to one name do not change the other. The copy may be lost in a power failure.
        """

    @abstractmethod
    def info(self, name: str) -> StoredFile:
        """Size and age of a file. Raises NotStoredError."""

    @abstractmethod
    def list_files(self, folder: str) -> Iterator[StoredFile]:
        """All files below a folder at any depth; those of one folder follow each other.

        What an interrupted write left is listed too, under a temporary name ``.<name>.part``.
        """

    @abstractmethod
    def url(self, name: str) -> str:
        """The URL, or URL path, at which a client fetches a file of a public area."""

    @abstractmethod
    def response(self, request: HttpRequest, name: str, headers: dict[str, str]) -> HttpResponseBase:
        """Send a file of any area: byte ranges, 304 for a known ``ETag``. Raises Http404."""

    @abstractmethod
    def _delete(self, name: str) -> None:
        """Delete one file, if it is there. Raises OSError."""

    def delete(self, names: Iterable[str]) -> None:
        """Delete the files that are there. One that cannot be deleted is logged and left to a later clean-up."""
        for name in names:
            try:
                self._delete(name)
            except OSError as error:
                logger.warning("cannot remove %s: %s", name, error)

    def exists(self, name: str) -> bool:
        """Whether there is a file of that name."""
        try:
            self.info(name)
        except NotStoredError:
            return False
        return True


class LocalStorage(MediaStorage):
    """Files in the folder ``MEDIA_ROOT`` of this machine, or of a disk that several machines share."""

    def read(self, name: str) -> bytes:
        try:
            return self._path(name).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotStoredError(name) from error

    def write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        partial = path.with_name(f".{path.name}{_PARTIAL}")
        try:
            with _open_new(partial) as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def copy(self, source: str, target: str) -> None:
        old, new = self._path(source), self._path(target)
        with contextlib.suppress(OSError):
            new.parent.mkdir(parents=True, exist_ok=True)
            os.link(old, new)
            return
        # A file system without hard links, or one file with as many as it may have.
        self.write(target, self.read(source))

    def info(self, name: str) -> StoredFile:
        try:
            status = self._path(name).stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotStoredError(name) from error
        if not stat.S_ISREG(status.st_mode):
            raise NotStoredError(name)
        return _stored_file(name, status)

    def list_files(self, folder: str) -> Iterator[StoredFile]:
        try:
            with os.scandir(self._path(folder)) as found:
                entries = [*found]
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            name = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from self.list_files(name)
            else:
                # It may have been deleted since the folder was read.
                with contextlib.suppress(FileNotFoundError):
                    yield _stored_file(name, entry.stat())

    def url(self, name: str) -> str:
        return urljoin(settings.MEDIA_URL, filepath_to_uri(name) or "")

    def response(self, request: HttpRequest, name: str, headers: dict[str, str]) -> HttpResponseBase:
        return file_response(request, self._path(name), headers)

    def _delete(self, name: str) -> None:
        """Delete the file, and its folder once that is empty; the folders of the areas stay."""
        path = self._path(name)
        path.unlink(missing_ok=True)
        if name.count("/") > 1:
            with contextlib.suppress(OSError):
                path.parent.rmdir()

    def _path(self, name: str) -> Path:
        """Raises SuspiciousFileOperation for a name that leads out of ``MEDIA_ROOT``."""
        return Path(safe_join(settings.MEDIA_ROOT, name))


def media_storage() -> MediaStorage:
    """The store that the settings choose; one instance per process."""
    return _instance(settings.MEDIA_STORAGE)


@lru_cache
def _instance(path: str) -> MediaStorage:
    storage: MediaStorage = import_string(path)()
    return storage


def _stored_file(name: str, status: os.stat_result) -> StoredFile:
    return StoredFile(name, status.st_mtime, status.st_size if status.st_nlink == 1 else 0)


def _open_new(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return path.open("wb")
    except FileNotFoundError:
        # Another process removed the folder, which was empty, between the two calls.
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")
