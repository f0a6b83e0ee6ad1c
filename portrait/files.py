"""The names of a job's files in the storage, and finding what no job names any more.

``photos/<key>.jpg`` is the cleaned upload and ``photos/<key>-still.jpg`` the face cut out of it; the folder is
private. ``portraits/<key>/`` is public and holds, for each attempt that got so far, ``<lease>-<token>.<suffix>``. The
lease in the name allows a later attempt to clean up after a dead one without touching the files of a living one.
``trash/<date>/<quoted name>`` was put aside on that date.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from datetime import date
from itertools import chain, groupby
from urllib.parse import quote, unquote
from uuid import UUID

from common.storage import StoredFile, media

PHOTOS = "photos"
PORTRAITS = "portraits"
TRASH = "trash"

_STILL = "-still"
_RESULT = re.compile(r"\.?(?P<lease>\d+)-[0-9a-f]+\.")


def photo_name(key: UUID) -> str:
    return f"{PHOTOS}/{key.hex}.jpg"


def still_name(key: UUID) -> str:
    return f"{PHOTOS}/{key.hex}{_STILL}.jpg"


def result_name(key: UUID, lease: int, suffix: str) -> str:
    """A name that was never used before, so that a client may cache what it names for ever."""
    return f"{PORTRAITS}/{key.hex}/{lease}-{secrets.token_hex(8)}.{suffix}"


def remove_leftovers(key: UUID, lease: int, keep: set[str]) -> None:
    """Delete what attempts up to number ``lease`` left in the job's folder and ``keep`` does not name."""
    leftovers = []
    for file in media().files(f"{PORTRAITS}/{key.hex}"):
        match = _RESULT.match(file.name.rpartition("/")[2])
        if match and int(match["lease"]) <= lease and file.name not in keep:
            leftovers.append(file.name)
    media().delete(leftovers)


def names_by_key(min_age: float) -> Iterator[tuple[UUID, list[str]]]:
    """Files older than ``min_age`` seconds, by the key of their job (photos and portraits apart)."""
    newest = time.time() - min_age
    for area in (PHOTOS, PORTRAITS):
        for key, files in groupby(media().files(area), lambda file: key_of(file.name)):
            old = [file.name for file in files if file.modified < newest]
            if key and old:
                yield key, old


def key_of(name: str) -> UUID | None:
    """The key of the job that the file belongs to; None for a file that is not ours."""
    _area, _, rest = name.partition("/")
    try:
        return UUID(hex=rest.partition("/")[0].lstrip(".").partition(".")[0].removesuffix(_STILL))
    except ValueError:
        return None


def any_files() -> bool:
    """Whether there is any file of a job, of whatever age."""
    return any(True for _ in _of_jobs())


def count() -> int:
    """How many files of jobs there are."""
    return sum(1 for _ in _of_jobs())


def _of_jobs() -> Iterator[StoredFile]:
    return chain(media().files(PHOTOS), media().files(PORTRAITS))


def move_to_trash(name: str, today: date) -> None:
    """Put the file aside, out of the folders that are served. Raises OSError; the file is then where it was."""
    _move(name, f"{TRASH}/{today.isoformat()}/{quote(name, safe='')}")


def in_trash() -> Iterator[tuple[str, str, date]]:
    """Each file in the trash: its name there, the name that it had, and the date on which it was put aside."""
    for file in media().files(TRASH):
        try:
            _trash, day, name = file.name.split("/", 2)
            put_aside = date.fromisoformat(day)
        except ValueError:
            continue  # not ours
        yield file.name, unquote(name), put_aside


def put_back(trashed: str, name: str) -> None:
    """Undo :func:`move_to_trash`. Raises OSError."""
    _move(trashed, name)


def _move(source: str, target: str) -> None:
    media().copy(source, target)
    media().delete([source])
