"""The job's files below MEDIA_ROOT: server-made names, atomic writes, and nothing left behind.

``photos/<key>.jpg`` is the cleaned upload and is never served. ``portraits/<key>/`` holds what is served: the still
and, for each attempt that got so far, ``<lease>-<token>.<suffix>``. The lease in the name is what allows somebody
to clean up after a dead attempt without ever touching the files of a living one.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings

PHOTOS = "photos"
PORTRAITS = "portraits"
PARTIAL = ".part"

_RESULT = re.compile(r"\.?(?P<lease>\d+)-[0-9a-f]+\.")

logger = logging.getLogger(__name__)


def path_of(name: str) -> Path:
    """Where the file called ``name`` lies."""
    return Path(settings.MEDIA_ROOT) / name


def photo_name(key: UUID) -> str:
    return f"{PHOTOS}/{key.hex}.jpg"


def still_name(key: UUID) -> str:
    return f"{PORTRAITS}/{key.hex}/still.jpg"


def result_name(key: UUID, lease: int, suffix: str) -> str:
    """A name that was never used before, so that a client may cache what it names for ever."""
    return f"{PORTRAITS}/{key.hex}/{lease}-{secrets.token_hex(8)}.{suffix}"


def write(name: str, data: bytes) -> None:
    """Write the whole file or none of it, and have it on the disk when this returns. Raises OSError."""
    path = path_of(name)
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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _open_new(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return path.open("wb")
    except FileNotFoundError:
        # Somebody removed the folder, which was empty, between the two calls.
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


def remove(names: Iterable[str]) -> None:
    """Delete the files, and the job's folder once it is empty. What cannot be deleted is logged and left to sweep."""
    for name in names:
        path = path_of(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("cannot remove %s: %s", name, error)
            continue
        if path.parent.parent.name == PORTRAITS:
            with contextlib.suppress(OSError):
                path.parent.rmdir()


def remove_leftovers(key: UUID, lease: int, keep: set[str]) -> None:
    """Delete what attempts up to number ``lease`` left in the job's folder and ``keep`` does not name."""
    leftovers = []
    for name in _names_in(f"{PORTRAITS}/{key.hex}"):
        match = _RESULT.match(name.rpartition("/")[2])
        if match and int(match["lease"]) <= lease and name not in keep:
            leftovers.append(name)
    remove(leftovers)


def names_by_key(min_age: float) -> Iterator[tuple[UUID, list[str]]]:
    """Files older than ``min_age`` seconds, by the key of their job (photos and portraits apart)."""
    newest = time.time() - min_age
    for name in _names_in(PHOTOS):
        yield from _keyed(Path(name).stem.lstrip("."), [name], newest)
    for folder in _names_in(PORTRAITS):
        yield from _keyed(Path(folder).name, list(_names_in(folder)), newest)


def _keyed(key: str, names: list[str], newest: float) -> Iterator[tuple[UUID, list[str]]]:
    try:
        uuid = UUID(hex=key.removesuffix(".jpg"))
    except ValueError:
        return  # not ours
    old = []
    for name in names:
        with contextlib.suppress(OSError):
            if path_of(name).stat().st_mtime < newest:
                old.append(name)
    if old:
        yield uuid, old


def _names_in(folder: str) -> list[str]:
    try:
        with os.scandir(path_of(folder)) as entries:
            return [f"{folder}/{entry.name}" for entry in entries]
    except (FileNotFoundError, NotADirectoryError):
        return []
