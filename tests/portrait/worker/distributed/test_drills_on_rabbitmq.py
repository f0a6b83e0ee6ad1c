"""The drills with RabbitMQ as the broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.portrait.worker.distributed.drills import *  # noqa: F403 (its tests)
from tests.servers import RabbitMQ, Server


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    with RabbitMQ() as server:
        yield server
