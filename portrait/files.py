"""The names of a job's files in the storage, and finding what no job names any more.

``photos/<key>.jpg`` is the cleaned upload and ``photos/<key>-still.jpg`` the face cut out of it; the folder is
private. ``portraits/<key>/`` is public and holds, for each attempt that got so far, ``<lease>-<token>.<suffix>``. The
lease in the name allows a later attempt to clean up after a dead one without touching the files of a living one.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from uuid import UUID

from common.storage import media

PHOTOS = "photos"
PORTRAITS = "portraits"

_STILL = "-still"
_RESULT = re.compile(r"\.?(?P<lease>\d+)-[0-9a-f]+\.")


def photo_name(key: UUID) -> str:
    return f"{PHOTOS}/{key.hex}.jpg"


def still_name(key: UUID) -> str:
    return f"{PHOTOS}/{key.hex}{_STILL}.jpg"


def photo_key(name: str) -> UUID | None:
    """The job's key in the name of a photo or a still, one that is being written included; None in any other name."""
    return _key(name.rpartition("/")[2].lstrip(".").partition(".")[0].removesuffix(_STILL))


def result_name(key: UUID, lease: int, suffix: str) -> str:
    """A name that was never used before, so that a client may cache what it names for ever."""
    return f"{PORTRAITS}/{key.hex}/{lease}-{secrets.token_hex(8)}.{suffix}"


def remove_leftovers(key: UUID, lease: int, keep: set[str]) -> None:
    """Delete what attempts up to number ``lease`` left in the job's folder and ``keep`` does not name."""
    leftovers = []
    for name in media().names(f"{PORTRAITS}/{key.hex}"):
        match = _RESULT.match(name.rpartition("/")[2])
        if match and int(match["lease"]) <= lease and name not in keep:
            leftovers.append(name)
    media().delete(leftovers)


def names_by_key(min_age: float) -> Iterator[tuple[UUID, list[str]]]:
    """Files older than ``min_age`` seconds, by the key of their job (photos and portraits apart)."""
    newest = time.time() - min_age
    for name in media().names(PHOTOS):
        yield from _keyed(photo_key(name), [name], newest)
    for folder in media().names(PORTRAITS):
        yield from _keyed(_key(folder.rpartition("/")[2]), list(media().names(folder)), newest)


def _key(text: str) -> UUID | None:
    try:
        return UUID(hex=text)
    except ValueError:
        return None  # not ours


def _keyed(key: UUID | None, names: list[str], newest: float) -> Iterator[tuple[UUID, list[str]]]:
    if key is None:
        return
    files = [media().stat(name) for name in names]
    old = [file.name for file in files if file is not None and file.modified < newest]
    if old:
        yield key, old
