"""What a Celery worker tells of a portrait while it is still made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portrait.models import PortraitJob
from tests.portrait.kit import enqueue, student, wait_for
from tests.portrait.worker.distributed.kit import CeleryWorkers
from tests.servers import Redis, Server


@pytest.fixture(scope="module")
def broker() -> Iterator[Server]:
    with Redis() as server:
        yield server


def test_what_was_read_is_there_while_the_portrait_is_still_made(crew: CeleryWorkers) -> None:
    job = enqueue(student("ann"), "read:60")
    PortraitJob.objects.update(look=True)
    crew.worker("-B")
    wait_for(lambda: PortraitJob.objects.filter(readings={"tilt": -7.5}).exists(), "what was read")
    job.refresh_from_db()
    assert job.state == PortraitJob.State.RUNNING
