"""Where the repository and the recorded data of the tests lie."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from tests.s3_server import objects

ROOT = Path(__file__).resolve().parents[1]
# Recorded outputs, small weights and pictures of the engine's tests.
DATA = Path(__file__).parent / "portrait" / "data"


def media_root() -> Path:
    """The folder of the storage in use: the local one's, or that in which the tests' S3 server keeps its objects."""
    return Path(settings.MEDIA_ROOT) if settings.MEDIA_STORAGE == "local" else objects()


def media_path(name: str) -> Path:
    """Where the storage in use keeps a file."""
    return media_root() / name
