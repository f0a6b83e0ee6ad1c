from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from portrait.queue import delivery
from tests.portrait.worker.distributed.kit import CeleryWorkers
from tests.servers import Server


@pytest.fixture
def crew(
    transactional_db: None,
    tmp_path: Path,
    settings: Settings,
    broker: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[CeleryWorkers]:
    """Starts Celery workers on the module's broker; the test itself sends messages to it."""
    settings.PORTRAIT_QUEUE = "celery"
    settings.CELERY_BROKER_URL = broker.url
    monkeypatch.setattr(delivery, "_silent_until", 0.0)
    folder = tmp_path / "workers"
    folder.mkdir()
    crew = CeleryWorkers(folder, broker.url)
    yield crew
    crew.end()
