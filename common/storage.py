"""One interface for the files that the service keeps: read, write, copy, delete, list, make a URL.

Names are relative paths with ``/`` that the server made; no name comes from a client. A name is never used for other
contents once it was given out, so that clients and caches may keep what it names.
"""

from __future__ import annotations

import abc
import contextlib
import logging
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from django.conf import settings
from django.utils.module_loading import import_string

PARTIAL = ".part"
# Seconds for which an address of a public file is valid at least; texts that contain addresses are kept no longer.
URL_SECONDS = 86400

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StoredFile:
    """``size`` in bytes, ``modified`` in seconds since the epoch; ``shared``: another name has the same contents."""

    name: str
    size: int
    modified: float
    shared: bool = False


class StorageError(OSError):
    """A storage that is not a part of this machine does not answer, or refuses."""


class Storage(abc.ABC):
    """Where files are kept. Each call raises OSError when the storage does not answer or has no room."""

    @abc.abstractmethod
    def read(self, name: str) -> bytes:
        """The whole file. Raises FileNotFoundError."""

    @abc.abstractmethod
    def write(self, name: str, data: bytes) -> None:
        """Write the whole file or none of it; it is durable when this returns."""

    @abc.abstractmethod
    def copy(self, source: str, target: str) -> None:
        """Give the contents of ``source`` a second name, whole or not at all. Raises FileNotFoundError.

        A copy may be lost in a power failure.
        """

    @abc.abstractmethod
    def stat(self, name: str) -> StoredFile | None:
        """Size and time of the file; None where there is none."""

    @abc.abstractmethod
    def files(self, folder: str) -> Iterator[StoredFile]:
        """All files in ``folder`` and below it, those of one folder after each other; none for no folder."""

    @abc.abstractmethod
    def _delete(self, name: str) -> None:
        """Delete one file; no error where there is none."""

    def url(self, name: str) -> str:
        """The address under which a client gets a public file: a path of this host, or absolute.

        It is valid for ``URL_SECONDS`` at least.
        """
        return f"{settings.MEDIA_PUBLIC_URL or settings.MEDIA_URL}{quote(name)}"

    @abc.abstractmethod
    def local_path(self, name: str) -> Path | None:
        """Where the file lies in this machine's file system; None for a storage that is elsewhere."""

    def exists(self, name: str) -> bool:
        return bool(name) and self.stat(name) is not None

    def delete(self, names: Iterable[str]) -> None:
        """Delete the files. One that cannot be deleted is logged and left to the search for orphans."""
        for name in names:
            try:
                self._delete(name)
            except OSError as error:
                logger.warning("cannot delete %s: %s", name, error)


class LocalStorage(Storage):
    """Files below ``MEDIA_ROOT`` of this machine, or of a file system that several machines share."""

    def _path(self, name: str) -> Path:
        return Path(settings.MEDIA_ROOT) / name

    def read(self, name: str) -> bytes:
        try:
            return self._path(name).read_bytes()
        except NotADirectoryError as error:
            raise FileNotFoundError(f"there is no file {name!r}") from error

    def write(self, name: str, data: bytes) -> None:
        path = self._path(name)
        partial = path.with_name(f".{path.name}{PARTIAL}")
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
        _sync_folder(path.parent)

    def copy(self, source: str, target: str) -> None:
        old, new = self._path(source), self._path(target)
        with contextlib.suppress(OSError):
            new.parent.mkdir(parents=True, exist_ok=True)
            os.link(old, new)
            return
        # A file system without hard links, or one file with as many as it may have.
        self.write(target, self.read(source))

    def stat(self, name: str) -> StoredFile | None:
        try:
            status = self._path(name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return StoredFile(name, status.st_size, status.st_mtime, status.st_nlink > 1)

    def files(self, folder: str) -> Iterator[StoredFile]:
        root = Path(settings.MEDIA_ROOT)
        for path, _folders, names in os.walk(self._path(folder), onerror=_raise_unless_gone):
            for name in names:
                # One that was deleted meanwhile is not there any more.
                if file := self.stat(str(Path(path, name).relative_to(root))):
                    yield file

    def _delete(self, name: str) -> None:
        path = self._path(name)
        path.unlink(missing_ok=True)
        # A folder inside an area (one job's, one student's) goes with its last file.
        if path.parent.parent.parent == Path(settings.MEDIA_ROOT):
            with contextlib.suppress(OSError):
                path.parent.rmdir()

    def local_path(self, name: str) -> Path | None:
        return self._path(name)


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _open_new(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return path.open("wb")
    except FileNotFoundError:
        # Another process removed the folder, which was empty, between the two calls.
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# By dotted path: the libraries of a storage that is not in use are not loaded.
_BACKENDS = {"local": "common.storage.LocalStorage", "s3": "common.s3_storage.S3Storage"}


def media() -> Storage:
    """The storage that ``MEDIA_STORAGE`` names."""
    return _backend(settings.MEDIA_STORAGE)


@lru_cache
def _backend(name: str) -> Storage:
    found: Storage = import_string(_BACKENDS[name])()
    return found


def media_origin() -> str:
    """The origin from which browsers load public files, for a Content-Security-Policy; empty for this host."""
    address = urlsplit(media().url(f"{settings.PUBLIC_MEDIA[0]}/"))
    return f"{address.scheme}://{address.netloc}" if address.netloc else ""
