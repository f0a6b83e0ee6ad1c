"""The generated secret key of installations that set none, in a file that only the owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

# Django's own check warns below 50 characters and 5 distinct ones, which is more than 256 bits of a random key need.
MIN_LENGTH = 32
MIN_DISTINCT = 8
# What ``startproject`` writes.
INSECURE = "django-insecure-"


def weakness_of(secret: str) -> str:
    """Why the secret could be guessed, in a few words; ``""`` for one that may be used."""
    if secret.startswith(INSECURE):
        return f"it begins with {INSECURE}"
    if len(secret) < MIN_LENGTH:
        return f"it has fewer than {MIN_LENGTH} characters"
    if len(set(secret)) < MIN_DISTINCT:
        return f"it has fewer than {MIN_DISTINCT} different characters"
    return ""


def kept_secret(path: Path) -> str:
    """The secret in ``path``, which is generated and written if the file does not exist.

    Two processes that start at once must agree on one key. The file is therefore created atomically, as a hard link
    to a finished temporary file: the link fails for the second process, which then reads the first one's key.
    In a read-only folder the key is valid for this process only.
    """
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        pass
    secret = secrets.token_urlsafe(50)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return secret
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
    try:
        os.link(draft, path)
    except FileExistsError:
        secret = path.read_text(encoding="ascii").strip()
    finally:
        draft.unlink()
    return secret
