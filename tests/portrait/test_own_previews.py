"""Previews of all styles on the student's own face: made by a worker, for the student alone, gone with the photo."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import c2pa
import numpy as np
import pytest
from PIL import Image
from rest_framework.test import APIClient

from portrait import own_styles
from portrait.engine.options import EngineOptions
from portrait.engine.pipeline import Engine
from portrait.errands.attempt import PREVIEW_SIDE, run_errand
from portrait.models import Errand, PortraitJob
from portrait.queue import errands, retention
from portrait.queue.clock import database_now
from portrait.queue.transitions import claim_next
from portrait.worker.errand_orders import order_of
from portrait.worker.messages import ErrandOrder
from portrait.worker.running import WorkerOptions
from tests.paths import media_path
from tests.portrait import kit
from tests.portrait.engine.output.certificates import certificate
from tests.portrait.engine.style.test_style_row import row_of
from tests.portrait.kit import Workers, enqueue, make_portrait, wait_for
from tests.portrait.pictures import astronaut, encoded
from tests.portrait.provenance import read_provenance
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/user/portrait/previews/"
NOTHING: dict[str, object] = {"status": "none", "poll_after": None, "error": None, "previews": []}
State = Errand.State


def finished() -> bool:
    return not Errand.objects.filter(state__in=Errand.ACTIVE).exists()


def made(client: APIClient) -> None:
    """The previews of the client's student, as a worker makes them."""
    client.post(URL)
    errand = claim_next(Errand, "test")
    assert errand is not None
    assert errands.finish(errand, b'{"udnie": "cGhvdG8="}')


def test_a_worker_makes_them_and_the_student_gets_them(
    workers: Workers, alice: User, as_alice: APIClient
) -> None:
    make_portrait(alice)
    assert as_alice.get(URL).json() == NOTHING
    asked = as_alice.post(URL).json()
    assert (asked["status"], asked["poll_after"], asked["previews"]) == ("queued", 1, [])
    workers.start()
    wait_for(finished, "the previews")
    assert as_alice.get(URL).json() == {
        "status": "succeeded",
        "poll_after": None,
        "error": None,
        "previews": [{"style": "udnie", "picture": "data:image/jpeg;base64,photo"}],
    }


def test_those_of_the_same_photo_are_not_made_again(alice: User, as_alice: APIClient) -> None:
    make_portrait(alice)
    made(as_alice)
    assert as_alice.post(URL).json()["status"] == "succeeded"
    as_alice.post("/user/portrait/again/", {})  # the same photo in another style
    assert Errand.objects.get().state == State.SUCCEEDED


def test_without_a_photo_there_is_nothing_to_show(as_alice: APIClient) -> None:
    response = as_alice.post(URL)
    assert (response.status_code, response.json()["code"]) == (409, "photo_missing")


def test_nobody_else_sees_them(
    alice: User, as_alice: APIClient, as_bob: APIClient, visitor: APIClient
) -> None:
    make_portrait(alice)
    made(as_alice)
    assert as_bob.get(URL).json() == NOTHING
    assert visitor.get(URL).status_code == 401


def test_they_go_with_the_photo(alice: User, as_alice: APIClient) -> None:
    make_portrait(alice)
    made(as_alice)
    retention.forget_photos(database_now())
    assert not Errand.objects.exists()


def test_they_go_with_a_photo_that_a_newer_one_replaces(alice: User, as_alice: APIClient) -> None:
    enqueue(alice)
    made(as_alice)
    enqueue(alice)
    assert not Errand.objects.exists()


def test_a_child_that_is_killed_each_time_ends_in_a_code(
    workers: Workers, alice: User, as_alice: APIClient
) -> None:
    job = make_portrait(alice)
    media_path(str(job.photo.name)).write_bytes(b"kill")
    as_alice.post(URL)
    workers.start()
    wait_for(finished, "the end")
    assert Errand.objects.get().attempts == 3
    state = as_alice.get(URL).json()
    assert (state["status"], state["error"]["code"]) == ("failed", "child_killed")
    # Asked again, they are tried again.
    assert as_alice.post(URL).json()["error"] is None


def test_each_style_is_painted_on_the_face(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(encoded(astronaut(), "JPEG"))
    order = ErrandOrder(1, "previews", str(tmp_path / "source"), str(tmp_path), None, EngineOptions())
    told: list[float] = []
    done = run_errand(order, lambda _stage, fraction: told.append(fraction))
    found = json.loads((tmp_path / done.file).read_text())
    assert len(found) == 15 and told == sorted(told) and told[-1] == 1
    sizes = {Image.open(io.BytesIO(base64.b64decode(data))).size for data in found.values()}
    assert sizes == {(PREVIEW_SIDE, PREVIEW_SIDE)}
    assert len(set(found.values())) == 15
    assert all(read_provenance(base64.b64decode(data)) for data in found.values())


def test_a_preview_is_marked_and_signed(tmp_path: Path) -> None:
    files = certificate(tmp_path)
    plain, signing = (
        Engine(EngineOptions(ai_mark=mark, c2pa=c2pa))
        for mark, c2pa in ((False, None), (True, (files.chain, files.key)))
    )
    crop = np.ascontiguousarray(astronaut()[:256, 96:352])
    before, after = (engine.preview(crop, "udnie", PREVIEW_SIDE) for engine in (plain, signing))
    pixels = [np.asarray(Image.open(io.BytesIO(data)), int) for data in (before, after)]
    changed = np.argwhere(np.abs(pixels[0] - pixels[1]).max(axis=2) > 40)
    assert len(changed) and changed.min() > PREVIEW_SIDE / 2  # in the lower right corner
    with c2pa.Reader("image/jpeg", io.BytesIO(after)) as reader:
        assert reader.get_validation_state() == "Valid"
        assert '"style": "udnie"' in reader.json() and "motion" not in reader.json()


def test_own_paintings_are_among_them(alice: User, tmp_path: Path) -> None:
    make_portrait(alice)
    painter = Engine(EngineOptions()).painter
    night = replace(painter.styles[2], slug="night-cafe")
    style = replace(row_of(painter, 2), style=night, painter=own_styles.digest())
    published = kit.published_painting("night-cafe", style.pack())
    kit.own_painting("not-published")
    errands.ask(student_id=alice.pk, kind="previews", source_id=PortraitJob.objects.get().pk)
    errand = claim_next(Errand, "test")
    assert errand is not None
    options = WorkerOptions(options=EngineOptions())
    order = order_of(errand, tmp_path, encoded(astronaut(), "JPEG"), options)
    assert list(order.own_styles) == [published.slug]
    done = run_errand(order, lambda _stage, _fraction: None)
    found = json.loads((tmp_path / done.file).read_text())
    assert len(found) == 16 and list(found)[-1] == "night-cafe"


def test_they_are_made_again_for_a_painting_that_was_published_since(
    alice: User, as_alice: APIClient
) -> None:
    make_portrait(alice)
    made(as_alice)
    assert as_alice.post(URL).json()["status"] == "succeeded"
    kit.published_painting("night-cafe")
    assert as_alice.post(URL).json()["status"] == "queued"
    made(as_alice)
    assert as_alice.post(URL).json()["status"] == "succeeded"


def test_an_account_takes_its_errands_along(alice: User, as_alice: APIClient) -> None:
    make_portrait(alice)
    made(as_alice)
    alice.delete()
    assert not Errand.objects.exists() and not PortraitJob.objects.exists()
