"""Files that no job names go away, slowly; files that only look so, because of the database, stay."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from common.storage import media as storage
from portrait import files
from portrait.models import Installation, PortraitJob, PortraitWorker
from portrait.queue import installation, orphans
from portrait.queue.installation import MARK, Match
from tests.portrait import kit
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def purge(*arguments: str) -> str:
    out = io.StringIO()
    call_command("purge", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def trashed(days_ago: int = 0) -> set[str]:
    """The former names of what was put into the trash that many days ago."""
    date = timezone.localdate() - timedelta(days=days_ago)
    return {name for _, name, put_aside in files.in_trash() if put_aside == date}


def move_dates(media: Path, days: int) -> None:
    """Make the trash older, as if that many days had passed."""
    for folder in (media / "trash").iterdir():
        folder.rename(folder.with_name((timezone.localdate() - timedelta(days=days)).isoformat()))


def empty_the_database() -> None:
    Installation.objects.all().delete()
    # No signals: the rows are gone as in a new database, and the files stay.
    with transaction.atomic():
        PortraitJob.objects.all()._raw_delete("default")
        User.objects.all()._raw_delete("default")


def test_an_old_file_that_no_job_names_goes_to_the_trash_and_later_for_good(alice: User, media: Path) -> None:
    job = kit.make_portrait(alice)
    kept = job.file_names | {kit.orphan(days=6.9)}
    old = kit.orphan(days=7.1)
    assert "moved 1 files that no job names to the trash (5 bytes)" in purge()
    assert trashed() == {old}
    assert kit.files_on_disk() == kept | {name for name, _, _ in files.in_trash()}

    move_dates(media, 6)
    purge()
    assert trashed(6) == {old}

    move_dates(media, 7)
    assert "deleted 1 files from the trash (5 bytes)" in purge()
    assert kit.files_on_disk() == kept


def test_every_kind_of_leftover_is_found_and_foreign_files_stay(alice: User, media: Path) -> None:
    job = kit.make_portrait(alice)
    kit.enqueue(alice)
    for name in kit.files_on_disk():
        kit.make_old(name, 30)
    kept = kit.files_on_disk()
    key = uuid.uuid4()
    stray = {
        kit.orphan(8, name)
        for name in (
            files.photo_name(key),
            files.still_name(key),
            f"photos/.{uuid.uuid4().hex}.jpg.part",
            f"portraits/{job.key.hex}/1-00ff.gif",
        )
    }
    kit.orphan(8, "portraits/README")
    purge()
    assert trashed() == stray
    assert kit.files_on_disk() == kept | {"portraits/README"} | {name for name, _, _ in files.in_trash()}
    assert not (media / "portraits" / key.hex).exists()


def test_the_number_of_days_is_a_setting(alice: User, settings: Settings) -> None:
    kit.make_portrait(alice)
    settings.PORTRAIT = {**settings.PORTRAIT, "ORPHAN_DAYS": 30}
    old = kit.orphan(days=29)
    purge()
    assert trashed() == set()
    kit.make_old(old, 31)
    purge()
    assert trashed() == {old}


def test_an_empty_database_touches_no_file(alice: User, media: Path) -> None:
    for name in kit.make_portrait(alice).file_names:
        kit.make_old(name, 400)
    purge()
    before = kit.files_on_disk()
    empty_the_database()

    said = purge("--yes")

    assert kit.files_on_disk() == before
    assert "belongs to another database" in said


def test_an_empty_database_touches_no_file_of_a_storage_without_a_mark(alice: User, media: Path) -> None:
    for name in kit.make_portrait(alice).file_names:
        kit.make_old(name, 400)
    before = kit.files_on_disk()
    empty_the_database()
    assert "belongs to another database" in purge("--yes")
    assert kit.files_on_disk() == before
    assert not storage().exists(MARK)


def test_a_worker_on_an_empty_database_touches_no_file_says_so_and_works(
    workers: kit.Workers, alice: User
) -> None:
    for name in kit.make_portrait(alice).file_names:
        kit.make_old(name, 400)
    purge()
    before = kit.files_on_disk()
    empty_the_database()
    worker = workers.start()

    row = kit.wait_for(PortraitWorker.objects.exclude(fault="").first, "the fault in the register")

    assert "manage.py purge --adopt" in row.fault
    assert not row.paused
    assert "manage.py purge --adopt" in workers.output()
    kit.enqueue(kit.student("ann"))
    kit.wait_for(kit.nothing_active, "the portrait of the new database")
    assert workers.stop(worker) == 0
    assert before <= kit.files_on_disk()


def test_a_restored_older_database_keeps_what_was_made_since(alice: User, bob: User, media: Path) -> None:
    kit.make_portrait(alice)
    purge()
    since = kit.make_portrait(bob)
    for name in since.file_names:
        kit.make_old(name, 3)
    names = since.file_names
    PortraitJob.objects.filter(pk=since.pk)._raw_delete("default")

    purge("--yes")
    assert names <= kit.files_on_disk()

    for name in names:
        kit.make_old(name, 8)
    purge()
    assert trashed() == names
    # The newer database is restored as well: it finds its files where they were.
    since.save(force_insert=True)
    assert f"put {len(names)} files back" in purge()
    assert trashed() == set()
    assert names <= kit.files_on_disk()


def test_too_many_at_once_wait_for_an_admin(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "MOST_FILES", 3)
    kit.make_portrait(alice)
    found = {kit.orphan(days=8) for _ in range(4)}

    assert "manage.py purge --yes" in purge()
    assert trashed() == set()

    purge("--yes")
    assert trashed() == found


def test_a_small_share_of_many_files_is_no_reason_to_ask(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphans, "MOST_FILES", 1)
    monkeypatch.setattr(orphans, "MOST_SHARE", 0.3)
    kit.make_portrait(alice)
    found = {kit.orphan(days=8) for _ in range(2)}
    purge()
    assert trashed() == found


def test_a_new_installation_marks_both_and_the_mark_stays(media: Path) -> None:
    assert installation.check() is Match.AGREES
    mark = storage().read(MARK)
    assert installation.check() is Match.AGREES
    assert storage().read(MARK) == mark == Installation.objects.get().mark.hex.encode()


def test_an_installation_from_before_the_mark_gets_one(alice: User, media: Path) -> None:
    kit.make_portrait(alice)
    assert installation.check() is Match.AGREES


def test_another_storage_or_none_is_noticed_and_can_be_adopted(alice: User, media: Path) -> None:
    kit.make_portrait(alice)
    installation.check()
    storage().write(MARK, uuid.uuid4().hex.encode())
    assert installation.check() is Match.FOREIGN
    storage().delete([MARK])
    assert installation.check() is Match.MISSING
    old = kit.orphan(days=8)
    purge()
    assert trashed() == set()

    purge("--adopt")

    assert installation.check() is Match.AGREES
    assert trashed() == {old}


def test_the_trash_is_not_served(alice: User, settings: Settings) -> None:
    assert files.TRASH not in settings.PUBLIC_MEDIA
