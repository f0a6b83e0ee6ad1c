"""``X-Request-ID``: taken over where it is well formed, else made; in every answer, and with the job."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from portrait.models import PortraitJob
from tests.portrait.pictures import astronaut, encoded


def test_a_well_formed_id_comes_back_with_any_answer(visitor: APIClient, db: None) -> None:
    for path, status in (("/user/me/", 401), ("/no/such/path", 404), ("/", 200)):
        response = visitor.get(path, HTTP_X_REQUEST_ID="proxy-01.7f3a_x")
        assert (response.status_code, response.headers["X-Request-ID"]) == (status, "proxy-01.7f3a_x")


@pytest.mark.parametrize(
    "sent", ["", "short", "a" * 65, "with space in it", "line\nend-of-it", "번호가-열두자리입니다"]
)
def test_any_other_is_replaced_by_one_of_ours(visitor: APIClient, sent: str) -> None:
    first, second = (visitor.get("/", HTTP_X_REQUEST_ID=sent).headers["X-Request-ID"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", first) and first != second


@pytest.mark.django_db
def test_the_job_of_an_upload_has_the_id_of_its_request(as_alice: APIClient) -> None:
    photo = SimpleUploadedFile("me.jpg", encoded(astronaut(), "JPEG"), "image/jpeg")
    form = {"pic": photo}
    response = as_alice.post("/user/main/", form, format="multipart", HTTP_X_REQUEST_ID="upload-0001")
    assert response.status_code == 200
    assert PortraitJob.objects.get().request_id == "upload-0001"
