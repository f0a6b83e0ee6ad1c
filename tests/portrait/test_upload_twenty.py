"""Twenty photos at once by one student who is impatient."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from PIL import Image
from rest_framework.test import APIClient

from portrait.models import PortraitJob
from tests.conftest import client_of
from tests.portrait.kit import Workers, assert_no_orphans, nothing_active, wait_for
from user.models import User

State = PortraitJob.State
COUNT = 20


@pytest.fixture(scope="module")
def photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (96, 96), "#774411").save(out, "PNG")
    return out.getvalue()


def test_exactly_one_job_stays_and_no_file_is_left_over(
    transactional_db: None, alice: User, photo: bytes, workers: Workers
) -> None:
    clients = [client_of(alice) for _ in range(COUNT)]

    def upload(client: APIClient) -> int:
        try:
            file = SimpleUploadedFile("me.png", photo, "image/png")
            return client.post("/user/main/", {"pic": file}, format="multipart").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(COUNT) as threads:
        statuses = list(threads.map(upload, clients))

    assert statuses == [200] * COUNT
    states = list(PortraitJob.objects.order_by("id").values_list("state", flat=True))
    assert states == [State.CANCELLED] * (COUNT - 1) + [State.QUEUED]
    assert_no_orphans()

    workers.start(processes=2)
    wait_for(nothing_active, "the one job")
    assert len(workers.executions()) == 1
    alice.refresh_from_db()
    assert alice.portrait.name == PortraitJob.objects.latest("id").webp.name
    assert_no_orphans()


def test_uploads_while_a_worker_runs_end_in_the_latest_portrait(
    transactional_db: None, alice: User, photo: bytes, workers: Workers
) -> None:
    client = client_of(alice)
    workers.start(processes=2)
    for number in range(8):
        file = SimpleUploadedFile(f"{number}.png", photo, "image/png")
        assert client.post("/user/main/", {"pic": file}, format="multipart").status_code == 200
    wait_for(nothing_active, "all jobs")

    newest = PortraitJob.objects.latest("id")
    alice.refresh_from_db()
    assert newest.state == State.SUCCEEDED
    assert alice.portrait.name == newest.webp.name
    wait_for(lambda: not _orphans(), "the end of the cleaning")


def _orphans() -> bool:
    try:
        assert_no_orphans()
    except AssertionError:
        return True
    return False
