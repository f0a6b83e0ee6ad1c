"""From the sign-up to the portrait: every line of the log says whose it is, and none has anything personal in it."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from common.logs.formatters import JsonFormatter
from portrait.models import PortraitJob
from tests.portrait.kit import Workers, nothing_active, wait_for
from tests.portrait.pictures import astronaut, encoded
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

USERNAME, FULLNAME, PASSWORD, FILE = (
    "luna.lovegood",
    "Luna Lovegood",
    "nargles-are-real",
    "luna-at-the-lake.jpg",
)
UPLOAD = "upload-of-luna-1"


@pytest.fixture
def web_log(tmp_path: Any) -> Any:
    """The log of the requests, as LOG_FORMAT=json writes it; a file beside that of the worker."""
    file = tmp_path / "web.log"
    handler = logging.FileHandler(file)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield file
    logging.getLogger().removeHandler(handler)
    handler.close()


def test_the_log_of_one_portrait(workers: Workers, web_log: Any, houses: None) -> None:
    client = APIClient()
    me = {"username": USERNAME, "password": PASSWORD}
    assert client.post("/user/", {**me, "fullname": FULLNAME}).status_code == 200
    assert client.post("/user/api/token/", {**me, "password": "wrong"}).status_code == 401
    pair = client.post("/user/api/token/", me).json()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    bad = SimpleUploadedFile(FILE, b"no picture", "image/jpeg")
    assert client.post("/user/main/", {"pic": bad}, format="multipart").status_code == 400
    photo = SimpleUploadedFile(FILE, encoded(astronaut(), "JPEG"), "image/jpeg")
    form = {"pic": photo, "motion": "nod"}
    assert client.post("/user/main/", form, format="multipart", HTTP_X_REQUEST_ID=UPLOAD).status_code == 200
    # What the worker's child does, with a line of its own.
    PortraitJob.objects.update(motion="log")

    workers.start({"LOG_FORMAT": "json"})
    wait_for(nothing_active, "the portrait")
    state = client.get("/user/portrait/").json()
    assert state["status"] == "succeeded"
    share = client.post("/dorm/card/share/")
    assert share.status_code == 404  # without a house
    client.get("/card/a-token-that-is-none-but-long-enough/")
    client.get("/user/portrait/photo/a-signed-name:1xWWGm:FOtscGlw9ftTeGFih5dqVaQEAw1QG3nNLwfnIex72io/")

    text = web_log.read_text() + wait_for(lambda: "succeeded" in workers.output() and workers.output())
    entries = [json.loads(line) for line in text.splitlines()]

    job = PortraitJob.objects.get()
    of_job = [entry for entry in entries if entry.get("job") == job.pk]
    messages = [entry["message"] for entry in of_job]
    assert messages == [
        f"job {job.pk}: accepted",
        f"job {job.pk}: attempt 1 begins",
        "a line of the child",
        f"job {job.pk}: succeeded in attempt 1",
    ]
    assert {entry["request_id"] for entry in of_job} == {UPLOAD}
    assert len({entry["process"] for entry in of_job}) == 3  # web process, worker, child
    # Each line of a request has the request's id.
    of_requests = [entry for entry in entries if entry["logger"].startswith(("django.request", "user."))]
    assert len(of_requests) >= 4 and all(entry["request_id"] for entry in of_requests)

    secrets = [
        *(USERNAME, FULLNAME, "Lovegood", PASSWORD, FILE, "luna-at"),
        *(pair["access"], pair["refresh"], pair["access"].rpartition(".")[2], User.objects.get().password),
        *job.file_names,
        *("a-token-that-is-none-but-long-enough", "FOtscGlw9ftTeGFih5dqVaQEAw1QG3nNLwfnIex72io"),
    ]
    assert [secret for secret in secrets if secret in text] == []
