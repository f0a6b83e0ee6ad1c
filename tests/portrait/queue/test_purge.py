"""``manage.py purge`` deletes what is no longer needed, and nothing else."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.conftest import PASSWORD
from tests.portrait import kit
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def purge(*arguments: str) -> list[str]:
    out = io.StringIO()
    call_command("purge", *arguments, stdout=out)
    return out.getvalue().splitlines()


def age(job: PortraitJob, days: float) -> None:
    PortraitJob.objects.filter(pk=job.pk).update(finished_at=timezone.now() - datetime.timedelta(days=days))


def test_old_originals_go_and_the_portraits_stay(alice: User, bob: User) -> None:
    old, young = kit.make_portrait(alice), kit.make_portrait(bob)
    age(old, 31)
    age(young, 29)
    said = purge()
    assert said[2].startswith("deleted 2 photos"), "the upload and what was cut out of it"
    for job in (old, young):
        job.refresh_from_db()
    assert not old.photo and not old.still
    assert young.photo and young.still
    kit.assert_no_orphans()
    assert kit.files_on_disk() == old.file_names | young.file_names
    assert len(old.file_names) == len(PortraitJob.RESULTS)


def test_with_the_photo_of_a_failed_portrait_its_still_goes_and_the_record_forgets_it(alice: User) -> None:
    kit.enqueue(alice)
    failed = kit.claim()
    transitions.fail(failed, "no_face", final=True)
    age(failed, 31)
    purge()
    alice.refresh_from_db()
    assert not alice.still
    assert kit.files_on_disk() == set()


def test_the_age_can_be_chosen(alice: User) -> None:
    job = kit.make_portrait(alice)
    age(job, 3)
    purge("--days", "4")
    job.refresh_from_db()
    assert job.photo
    purge("--days", "2")
    job.refresh_from_db()
    assert not job.photo


def test_a_photo_that_is_still_needed_stays_however_old(alice: User, bob: User) -> None:
    waiting = kit.enqueue(alice)
    failed = kit.enqueue(bob)
    for job in (waiting, failed):
        age(job, 400)
    PortraitJob.objects.filter(pk=failed.pk).update(state="failed")
    assert transitions.retry(PortraitJob.objects.get(pk=failed.pk))
    purge("--days", "0")
    assert {job.photo.name for job in PortraitJob.objects.all()} <= kit.files_on_disk()


def test_expired_tokens_go_and_living_ones_stay(alice: User, media: Path) -> None:
    spent = RefreshToken.for_user(alice)
    spent.blacklist()
    OutstandingToken.objects.update(expires_at=timezone.now() - datetime.timedelta(seconds=1))
    tokens = APIClient().post("/user/api/token/", {"username": "alice", "password": PASSWORD}).json()
    assert purge()[3] == "deleted 1 expired tokens"
    assert (OutstandingToken.objects.count(), BlacklistedToken.objects.count()) == (1, 0)
    refreshed = APIClient().post("/user/api/token/refresh/", {"refresh": tokens["refresh"]})
    assert refreshed.status_code == 200


def test_a_dry_run_says_the_same_and_deletes_nothing(alice: User) -> None:
    job = kit.make_portrait(alice)
    age(job, 40)
    RefreshToken.for_user(alice)
    OutstandingToken.objects.update(expires_at=timezone.now())
    gone = kit.orphan(days=8)
    before = kit.files_on_disk()
    said = purge("--dry-run", "--verbosity", "2")
    assert kit.files_on_disk() == before
    assert OutstandingToken.objects.count() == 1
    assert {gone, job.photo.name} <= set(said)
    would = [line for line in said if line.startswith("would ")]
    assert [
        line.replace("would delete", "deleted").replace("would move", "moved") for line in would
    ] == purge()


def test_a_second_run_finds_nothing(alice: User) -> None:
    age(kit.make_portrait(alice), 40)
    purge()
    assert all(line.startswith(("deleted 0", "moved 0")) for line in purge())


@pytest.mark.parametrize("days", ["-1", "soon", "1.5"])
def test_an_age_that_is_none_is_refused(days: str) -> None:
    with pytest.raises(CommandError):
        purge(f"--days={days}")
