"""The main path with the shipped weights: photos in through the API, moving painted portraits out."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageSequence
from rest_framework.test import APIClient
from skimage import data

from portrait.models import PortraitJob
from tests.portrait.kit import Workers, assert_no_orphans, wait_for
from user.models import User

State = PortraitJob.State
# Two portraits and the loading of the weights, on a machine that does other things too.
PATIENCE = 240.0


def upload(client: APIClient, picture: np.ndarray, **choices: str) -> None:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=92)
    file = SimpleUploadedFile("photo.jpg", out.getvalue(), "image/jpeg")
    assert client.post("/user/main/", {"pic": file, **choices}, format="multipart").status_code == 200


def test_a_photo_becomes_a_moving_painted_portrait(
    workers: Workers, as_alice: APIClient, as_bob: APIClient, alice: User, bob: User, media: Path
) -> None:
    upload(as_alice, data.astronaut(), style="starry-night")
    upload(as_bob, data.coffee())
    stages: set[str] = set()
    still_first: list[str] = []

    worker = workers.spawn(["manage.py", "portrait_worker", "--processes", "1", "--drain"])

    def ended() -> bool:
        now = as_alice.get("/user/portrait/").json()
        stages.add(now["stage"])
        if now["files"]["poster"]:
            still_first.append(now["status"])
        return worker.poll() is not None

    wait_for(ended, "the end of the queue", PATIENCE)

    assert worker.returncode == 0, workers.output()
    status = as_alice.get("/user/portrait/").json()
    assert (status["status"], status["style"], status["error"]) == ("succeeded", "starry-night", None)
    assert "animating" in stages
    assert still_first[0] == "running", "the painted still comes before the film"
    alice.refresh_from_db()
    assert status["portrait"].endswith(alice.portrait.name)

    job = PortraitJob.objects.get(student=alice)
    with Image.open(media / str(job.webp.name)) as webp:
        frames = np.stack([np.asarray(frame.convert("RGB"), float) for frame in ImageSequence.Iterator(webp)])
    assert len(frames) >= 24
    assert np.abs(frames - frames[0]).mean(axis=(1, 2, 3)).max() > 1, "it moves"
    with Image.open(media / str(job.still.name)) as still:
        photo = np.asarray(still.convert("RGB").resize(frames.shape[2:0:-1]), float)
    assert np.abs(frames[0] - photo).mean() > 15, "it is painted"
    with Image.open(media / str(job.gif.name)) as gif:
        assert gif.format == "GIF"
        assert getattr(gif, "n_frames", 1) >= 24
    with Image.open(media / str(job.poster.name)) as poster:
        assert poster.format == "PNG"
    assert (media / str(job.mp4.name)).read_bytes()[4:8] == b"ftyp"
    assert job.timings
    assert job.seconds is not None

    # Bob has sent a cup of coffee.
    status = as_bob.get("/user/portrait/").json()
    assert (status["status"], status["error"]["code"], status["attempts"]) == ("failed", "no_face", 1)
    assert_no_orphans()
    assert workers.scratch_folders() == []
