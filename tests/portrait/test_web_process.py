"""The engine stays out of the web process: it would cost every request's process half a gigabyte."""

from __future__ import annotations

from tests.portrait.kit import Workers

VISIT = """
import io, sys
import django
django.setup()
from django.core.management import call_command
from PIL import Image
from skimage import data
call_command("seed", verbosity=0)
from rest_framework.test import APIClient
from django.core.files.uploadedfile import SimpleUploadedFile

client = APIClient(SERVER_NAME="localhost")
def ok(answer):
    assert answer.status_code == 200, (answer.status_code, answer.content)
    return answer.json()

who = {"username": "cho", "password": "nimbus-2000-lacquer"}
ok(client.post("/user/", {"fullname": "Cho", **who}))
token = ok(client.post("/user/api/token/", who))["access"]
client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
photo = io.BytesIO()
Image.fromarray(data.astronaut()).save(photo, "JPEG")
ok(client.post("/user/main/", {"pic": SimpleUploadedFile("a.jpg", photo.getvalue())}, format="multipart"))
ok(client.get("/user/portrait/"))
ok(client.get("/user/portrait/options/"))
ok(client.post("/user/info/", {"dormitory": 4, "birthday": "1981-02-13"}))
ok(client.post("/user/portrait/cancel/"))
ok(client.post("/user/portrait/retry/"))
heavy = sorted({"torch", "torchvision", "numba", "face_alignment", "pebble", "cv2", "c2pa"} & set(sys.modules))
assert not heavy, f"serving requests imported {heavy}"
"""


def test_serving_requests_imports_nothing_of_the_workers(workers: Workers) -> None:
    process = workers.spawn(["-c", VISIT])
    assert process.wait(60) == 0, workers.output()
