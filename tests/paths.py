"""Where the repository and the recorded data of the tests lie."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]
# Recorded outputs, small weights and pictures of the engine's tests.
DATA = Path(__file__).parent / "portrait" / "data"


def media_path(name: str) -> Path:
    """Where the local storage keeps a file."""
    return Path(settings.MEDIA_ROOT) / name
