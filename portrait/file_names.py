"""The names of a job's files in the media storage.

``photos/<key>.jpg`` is the cleaned upload and is private. ``portraits/<key>/`` holds what is public: the still and,
for each attempt that got so far, ``<lease>-<token>.<suffix>``. The lease in the name allows the clean-up after a dead
attempt to leave the files of a running one alone.
"""

from __future__ import annotations

import re
import secrets
from uuid import UUID

PHOTOS = "photos"
PORTRAITS = "portraits"

# Each with the dot of a temporary file that an interrupted write left.
_PHOTO = re.compile(rf"{PHOTOS}/\.?(?P<key>[0-9a-f]{{32}})\.")
_PUBLIC = re.compile(rf"{PORTRAITS}/(?P<key>[0-9a-f]{{32}})/")
_RESULT = re.compile(rf"{PORTRAITS}/[0-9a-f]{{32}}/\.?(?P<lease>\d+)-[0-9a-f]+\.")


def photo_name(key: UUID) -> str:
    return f"{PHOTOS}/{key.hex}.jpg"


def public_folder(key: UUID) -> str:
    return f"{PORTRAITS}/{key.hex}"


def still_name(key: UUID) -> str:
    return f"{public_folder(key)}/still.jpg"


def result_name(key: UUID, lease: int, suffix: str) -> str:
    """A name that was never used before, so that a client may cache what it names for ever."""
    return f"{public_folder(key)}/{lease}-{secrets.token_hex(8)}.{suffix}"


def key_of(name: str) -> UUID | None:
    """The key of the job that a file of ``photos`` or ``portraits`` belongs to; None for a foreign name."""
    match = _PHOTO.match(name) or _PUBLIC.match(name)
    return UUID(hex=match["key"]) if match else None


def lease_of(name: str) -> int | None:
    """The lease number of the attempt that wrote a result; None for any other name."""
    match = _RESULT.match(name)
    return int(match["lease"]) if match else None
