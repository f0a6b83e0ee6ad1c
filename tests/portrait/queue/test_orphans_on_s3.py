"""Objects that no job names are found by listing the bucket; a folder that was moved into a bucket is adopted."""

from __future__ import annotations

import io
import shutil
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from common import s3_storage
from common.storage import Storage
from portrait import files
from portrait.queue import installation, orphans
from portrait.queue.installation import MARK, Match
from tests.paths import media_root
from tests.portrait import kit
from tests.tcp_proxy import Proxy
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

# The S3 server keeps what it knows of a file for 20 milliseconds.
FORGETTING = 0.2


def purge(*arguments: str) -> str:
    out = io.StringIO()
    call_command("purge", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def test_old_objects_that_no_job_names_go_to_the_trash_and_come_back_when_a_job_names_them(
    s3: Storage, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_storage, "PAGE", 3)
    kept, lost = kit.make_portrait(alice), kit.make_portrait(bob)
    for name in lost.file_names | kept.file_names:
        kit.make_old(name, 8)
    young = kit.orphan(days=6)
    time.sleep(FORGETTING)
    type(lost).objects.filter(pk=lost.pk)._raw_delete("default")

    assert f"moved {len(lost.file_names)} files that no job names to the trash" in purge()

    assert {name for _, name, _ in files.in_trash()} == lost.file_names
    assert kept.file_names | {young} <= kit.files_on_disk()
    lost.save(force_insert=True)
    assert f"put {len(lost.file_names)} files back" in purge()
    assert kit.files_on_disk() == kept.file_names | lost.file_names | {young}


def test_a_list_that_breaks_off_moves_nothing(
    s3: Storage, s3_line: Proxy, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.make_portrait(alice)
    for _ in range(4):
        kit.orphan(days=8)
    time.sleep(FORGETTING)
    before = kit.files_on_disk()
    assert installation.check() is Match.AGREES
    monkeypatch.setattr(s3_storage, "PAGE", 2)
    age = files._of_jobs()
    next(age)
    s3_line.fail("cut")
    with pytest.raises(OSError, match="does not answer"):
        list(age)
    with pytest.raises(OSError, match="does not answer"):
        orphans.plan()
    with pytest.raises(CommandError, match=r"the media storage cannot be used: .* does not answer"):
        purge()
    assert kit.files_on_disk() == before


def test_a_folder_that_was_copied_into_the_bucket_is_adopted(
    s3: Storage, alice: User, settings: Settings, tmp_path: Path
) -> None:
    bucket = media_root()
    settings.MEDIA_STORAGE, settings.MEDIA_ROOT = "local", tmp_path / "before"
    job = kit.make_portrait(alice)
    assert installation.check() is Match.AGREES
    # All but the mark, as where the copy was cut short.
    shutil.copytree(settings.MEDIA_ROOT, bucket, dirs_exist_ok=True)
    (bucket / MARK).unlink()
    settings.MEDIA_STORAGE, settings.MEDIA_ROOT = "s3", tmp_path / "no folder" / "media"
    time.sleep(FORGETTING)

    assert installation.check() is Match.MISSING
    purge("--adopt")

    assert installation.check() is Match.AGREES
    assert kit.files_on_disk() == job.file_names
