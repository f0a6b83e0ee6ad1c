"""The settings of a school whose page is a copy, so that a test can release another edition while it runs."""

from __future__ import annotations

import os
from pathlib import Path

from config.settings import *  # noqa: F403

WEB_ROOT = Path(os.environ["COPIED_PAGE"])
