from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.portrait import kit


@pytest.fixture
def workers(transactional_db: None, tmp_path: Path) -> Iterator[kit.Workers]:
    """Starts real worker processes on the test's database and media folder; kills those that are left."""
    folder = tmp_path / "workers"
    folder.mkdir()
    yield from kit.workers(folder)
