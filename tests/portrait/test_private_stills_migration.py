"""The migration that takes the cropped photos out of the public folder."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from common.storage import media
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.portrait.kit import assert_no_orphans, claim, enqueue, files_on_disk, make_portrait, student
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

migration = import_module("portrait.migrations.0005_private_stills")


def publish(job: PortraitJob) -> str:
    """Put the still where it was before, named by the row."""
    name = f"portraits/{job.key.hex}/still.jpg"
    media().write(name, b"still")
    media().delete([str(job.still.name or "")])
    PortraitJob.objects.filter(pk=job.pk).update(still=name)
    return name


def migrate() -> None:
    migration.move_stills(apps, None)
    migration.update_records(apps, None)


def test_the_files_move_and_the_records_show_what_each_may_see(alice: User, bob: User) -> None:
    carol = student("carol")
    made, before = make_portrait(alice), make_portrait(carol)
    waiting, after = enqueue(bob), enqueue(carol)
    # As it was: every record names a still, and a record with a job in the making no portrait.
    User.objects.filter(pk=alice.pk).update(still=publish(made))
    User.objects.filter(pk=bob.pk).update(still=publish(waiting))
    publish(before)
    User.objects.filter(pk=carol.pk).update(still=publish(after), portrait="", poster="")

    migrate()

    assert not [name for name in files_on_disk() if name.endswith("/still.jpg")]
    assert_no_orphans()
    for owner in (alice, bob, carol):
        owner.refresh_from_db()
    for job in (made, waiting, before, after):
        job.refresh_from_db()
        assert media().read(str(job.still.name)) == b"still"
    assert (alice.still, alice.portrait.name, alice.poster.name) == ("", made.webp.name, made.poster.name)
    assert (bob.still.name, bob.portrait.name) == (waiting.still.name, "")
    assert (carol.still.name, carol.portrait.name) == (after.still.name, before.webp.name)


def test_a_still_whose_photo_was_deleted_goes_too(alice: User) -> None:
    job = make_portrait(alice)
    publish(job)
    media().delete([str(job.photo.name)])
    PortraitJob.objects.update(photo="")
    migrate()
    job.refresh_from_db()
    assert not job.still
    assert_no_orphans()


def test_lost_files_stop_nothing(alice: User, bob: User) -> None:
    enqueue(alice)
    lost = claim()
    transitions.fail(lost, "no_face", final=True)
    name = publish(lost)
    User.objects.filter(pk=alice.pk).update(still=name)
    media().delete([name])
    kept = make_portrait(bob)
    publish(kept)
    migrate()
    lost.refresh_from_db()
    kept.refresh_from_db()
    alice.refresh_from_db()
    assert (lost.still.name, alice.still.name) == ("", "")
    assert media().exists(str(kept.still.name))


def test_an_interrupted_run_is_completed_by_the_next_one(alice: User, bob: User) -> None:
    """The first file was moved, and its row was not written."""
    first, second = make_portrait(alice), make_portrait(bob)
    names = [publish(first), publish(second)]
    media().copy(names[0], str(first.still.name))
    media().delete(names[:1])
    migrate()
    migrate()
    assert_no_orphans()
    for job in (first, second):
        job.refresh_from_db()
        assert media().read(str(job.still.name)) == b"still"
