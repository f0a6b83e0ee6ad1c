"""The picture is read only where its student asked for it, and what was read goes with the photo."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from portrait.models import PortraitJob
from portrait.queue import retention, transitions
from portrait.queue.clock import database_now
from portrait.services import forget_readings
from tests.portrait.kit import Workers, claim, enqueue, make_portrait, nothing_active, wait_for
from tests.portrait.test_strength_chosen import send
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

READINGS = {"tilt": -7.5}


@pytest.mark.parametrize(
    ("sent", "kept"), [({}, False), ({"look": "false"}, False), ({"look": "true"}, True)]
)
def test_it_is_off_unless_the_upload_asks_for_it(
    as_alice: APIClient, sent: dict[str, str], kept: bool
) -> None:
    assert send(as_alice, **sent)[0] == 200
    assert PortraitJob.objects.get().look is kept


@pytest.mark.parametrize("sent", ["yes", "1", "True"])
def test_consent_that_is_unclear_is_refused(as_alice: APIClient, sent: str) -> None:
    status, problem = send(as_alice, look=sent)
    assert (status, problem["code"]) == (400, "bad_look")


def test_another_portrait_of_the_photo_has_the_same_consent(as_alice: APIClient) -> None:
    send(as_alice, look="true")
    as_alice.post("/user/portrait/again/", {})
    assert list(PortraitJob.objects.values_list("look", flat=True)) == [True, True]


def test_the_worker_reads_where_it_is_wanted_and_only_there(workers: Workers, alice: User, bob: User) -> None:
    wanted, unwanted = enqueue(alice, "read"), enqueue(bob, "read")
    PortraitJob.objects.filter(pk=wanted.pk).update(look=True)
    workers.start()
    wait_for(nothing_active, "both portraits")
    assert dict(PortraitJob.objects.values_list("pk", "readings")) == {wanted.pk: READINGS, unwanted.pk: None}


def test_what_was_read_is_there_while_the_portrait_is_still_made(workers: Workers, alice: User) -> None:
    job = enqueue(alice, "read:60")
    PortraitJob.objects.update(look=True)
    workers.start()
    wait_for(lambda: PortraitJob.objects.filter(readings=READINGS).exists(), "what was read")
    job.refresh_from_db()
    assert job.state == PortraitJob.State.RUNNING


def test_what_was_refused_while_the_worker_read_is_not_kept(alice: User) -> None:
    enqueue(alice)
    PortraitJob.objects.update(look=True)
    job = claim()
    forget_readings(student=alice)
    assert not transitions.keep_readings(job, READINGS)
    assert PortraitJob.objects.get().readings is None


def test_the_readings_go_with_the_photo(alice: User) -> None:
    make_portrait(alice)
    PortraitJob.objects.update(look=True, readings=READINGS)
    retention.forget_photos(database_now())
    assert PortraitJob.objects.values_list("photo", "readings").get() == ("", None)


def test_the_readings_go_with_a_photo_that_a_newer_one_replaces(alice: User) -> None:
    first = enqueue(alice)
    PortraitJob.objects.update(look=True, readings=READINGS)
    enqueue(alice)
    first.refresh_from_db()
    assert (first.photo.name, first.readings) == ("", None)
