"""Messages for Celery's workers: they follow the rows, and no upload depends on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from common.health import Unready
from portrait import monitoring
from portrait.models import Errand, OwnPainting, PortraitJob
from portrait.painting_services import add_painting
from portrait.queue import delivery, errands, transitions
from tests.portrait.kit import enqueue, student
from tests.portrait.pictures import astronaut, encoded
from tests.servers import Redis

pytestmark = pytest.mark.django_db(transaction=True)

State = PortraitJob.State


@pytest.fixture(scope="module")
def server() -> Iterator[Redis]:
    with Redis() as server:
        yield server


@pytest.fixture
def redis(server: Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Redis:
    """An empty broker, to which the jobs of the test are sent."""
    server.kill()
    server.empty()
    server.start()
    settings.PORTRAIT_QUEUE = "celery"
    settings.CELERY_BROKER_URL = server.url
    # Each test begins with a broker that nobody has missed yet, and tries it again at once.
    monkeypatch.setattr(delivery, "_silent_until", 0.0)
    monkeypatch.setattr(delivery, "PAUSE", 0.0)
    return server


def test_each_accepted_job_and_each_retry_sends_a_message(redis: Redis) -> None:
    job = enqueue(student("ann"))
    enqueue(student("ben"))
    assert delivery.waiting() == 2

    transitions.cancel(job.student_id)
    assert transitions.retry(PortraitJob.objects.get(pk=job.pk))

    assert delivery.waiting() == 3


def test_paintings_and_errands_wake_a_worker_as_well(redis: Redis) -> None:
    add_painting(OwnPainting(slug="night", titles={"ko": "밤", "en": "Night"}), b"picture")
    errands.ask(student_id=student("ann").pk, kind=Errand.Kind.PREVIEWS)
    assert delivery.waiting() == 2

    redis.kill()
    redis.empty()
    redis.start()
    assert delivery.send_missing() == 2


def test_without_celery_nothing_is_sent(redis: Redis, settings: Settings) -> None:
    settings.PORTRAIT_QUEUE = "database"
    enqueue(student("ann"))
    assert delivery.waiting() == 0


def test_an_upload_is_accepted_while_the_broker_hangs_or_is_gone(redis: Redis, as_alice: APIClient) -> None:
    photo = encoded(Image.fromarray(astronaut()), "JPEG")

    def upload() -> int:
        file = SimpleUploadedFile("me.jpg", photo, "image/jpeg")
        return int(as_alice.post("/user/main/", {"pic": file}, format="multipart").status_code)

    redis.freeze()
    assert upload() == 200
    redis.thaw()
    redis.kill()
    assert upload() == 200
    redis.start()

    assert PortraitJob.objects.filter(state=State.QUEUED).count() == 1
    assert delivery.waiting() == 0
    assert delivery.send_missing() == 1
    assert delivery.waiting() == 1


def test_after_a_failure_the_broker_is_left_alone_for_a_while(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "PAUSE", 60.0)
    redis.kill()
    assert not delivery.send(1)
    redis.start()

    assert not delivery.send(1)
    monkeypatch.setattr(delivery, "_silent_until", 0.0)
    assert delivery.send(1)


def test_only_as_many_messages_are_sent_again_as_are_missing(redis: Redis) -> None:
    jobs = [enqueue(student(name)) for name in ("ann", "ben", "cho")]
    assert delivery.send_missing() == 0

    redis.kill()
    redis.empty()
    redis.start()
    assert delivery.send(jobs[0].pk)

    assert delivery.send_missing() == 2
    assert delivery.send_missing() == 0
    assert delivery.waiting() == 3


def test_a_job_that_waits_for_its_next_attempt_is_not_sent_before_its_time(redis: Redis) -> None:
    enqueue(student("ann"))
    redis.kill()
    redis.empty()
    redis.start()
    job = transitions.claim("test")
    assert job is not None
    assert transitions.fail(job, "child_killed", backoff=[600.0])

    assert delivery.send_missing() == 0


def test_the_service_is_ready_while_the_broker_answers(redis: Redis) -> None:
    monitoring.broker()

    redis.kill()
    try:
        with pytest.raises(Unready, match="does not answer"):
            monitoring.broker()
    finally:
        redis.start()
