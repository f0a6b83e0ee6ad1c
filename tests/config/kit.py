"""What the tests of settings share."""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings


def check(**variables: str) -> subprocess.CompletedProcess[str]:
    """``manage.py check``, which starts as every command does, with further environment variables."""
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
    )
