"""The media storage on a real S3 server: its promises, and what it answers when the server does not."""

from __future__ import annotations

import errno
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from pytest_django import Settings

from common import buckets, s3_storage
from common.storage import Storage, StorageError, media_origin
from tests.portrait.kit import files_on_disk
from tests.tcp_proxy import Proxy

PORTRAIT = "portraits/00ff/1-ab.webp"


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_storage.S3Storage, "_rests_until", 0.0)


def load(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def test_what_is_written_is_read_back_replaced_copied_and_deleted(s3: Storage) -> None:
    s3.write(PORTRAIT, b"old")
    s3.write(PORTRAIT, b"newer")
    assert s3.read(PORTRAIT) == b"newer"
    found = s3.stat(PORTRAIT)
    assert found is not None and (found.name, found.size, found.shared) == (PORTRAIT, 5, False)
    assert abs(found.modified - time.time()) < 60

    s3.copy(PORTRAIT, "trash/2026-01-01/portraits%2F00ff%2F1-ab.webp")
    s3.delete([PORTRAIT, "photos/never-there.jpg"])
    assert files_on_disk() == {"trash/2026-01-01/portraits%2F00ff%2F1-ab.webp"}
    assert s3.read("trash/2026-01-01/portraits%2F00ff%2F1-ab.webp") == b"newer"


@pytest.mark.parametrize("name", ["photos/none.jpg", "portraits/00ff/1-ab.webp/below", "portraits/00ff"])
def test_what_is_not_there_is_told_apart_from_a_broken_storage(s3: Storage, name: str) -> None:
    s3.write(PORTRAIT, b"data")
    assert not s3.exists(name)
    with pytest.raises(FileNotFoundError):
        s3.read(name)
    with pytest.raises(FileNotFoundError):
        s3.copy(name, "portraits/b/file")
    assert files_on_disk() == {PORTRAIT}


def test_a_long_list_comes_page_by_page_with_size_and_time(
    s3: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_storage, "PAGE", 2)
    names = [f"photos/{number}.jpg" for number in range(5)]
    for name in (*names, "portraits/a/1", "photosynthesis/x"):
        s3.write(name, b"12345")
    found = list(s3.files("photos"))
    assert [file.name for file in found] == names
    assert all(file.size == 5 and time.time() - file.modified < 60 for file in found)
    assert list(s3.files("nothing")) == []


def test_the_file_fields_of_models_use_the_same_storage(s3: Storage) -> None:
    name = default_storage.save("crests/own.webp", ContentFile(b"data"))
    assert default_storage.save("crests/own.webp", ContentFile(b"other")) != name
    assert (default_storage.size(name), default_storage.url(name)) == (4, s3.url(name))
    with default_storage.open(name) as file:
        assert file.read() == b"data"


def test_a_portrait_is_loaded_without_a_header_and_browsers_keep_it(s3: Storage) -> None:
    s3.write(PORTRAIT, b"moving")
    with urllib.request.urlopen(s3.url(PORTRAIT)) as answer:
        assert answer.read() == b"moving"
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_an_object_without_a_signature_or_with_an_old_one_is_refused(
    s3: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.write(PORTRAIT, b"moving")
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - buckets.LIFETIME - 60)
    old = s3.url(PORTRAIT)
    monkeypatch.undo()
    for url in (s3.url(PORTRAIT).partition("?")[0], s3.url(PORTRAIT)[:-1] + "x", old):
        with pytest.raises(urllib.error.HTTPError) as refusal:
            load(url)
        assert refusal.value.code in (400, 403)


@pytest.mark.parametrize("name", ["photos/00ff.jpg", "cards/1/own-ab.png", "installation", ""])
def test_a_private_file_has_no_signed_address(s3: Storage, client: Client, name: str) -> None:
    if name:
        s3.write(name, b"private")
    assert s3.url(name) == f"/media/{name}"
    assert client.get(s3.url(name)).status_code == 404


def test_an_address_from_before_the_files_were_moved_leads_to_the_object(s3: Storage, client: Client) -> None:
    s3.write(PORTRAIT, b"moving")
    answer = client.get(f"/media/{PORTRAIT}")
    assert (answer.status_code, answer["Cache-Control"]) == (302, "no-store")
    assert load(answer["Location"]) == b"moving"
    for path in ("portraits/../photos/00ff.jpg", "portraits/%2e%2e/photos/00ff.jpg", "portraits/page.html"):
        assert client.get(f"/media/{path}").status_code == 404
    assert client.post(f"/media/{PORTRAIT}").status_code == 405


def test_a_cdn_takes_the_place_of_signed_addresses(s3: Storage, settings: Settings) -> None:
    settings.MEDIA_PUBLIC_URL = "https://cdn.example/school/"
    assert s3.url(PORTRAIT) == f"https://cdn.example/school/{PORTRAIT}"
    assert media_origin() == "https://cdn.example"


def test_the_pages_policies_allow_the_bucket_and_no_other_host(
    s3: Storage, settings: Settings, client: Client
) -> None:
    origin = settings.BUCKET.origin
    for path in ("/", "/admin/login/"):
        policy = dict(part.split(" ", 1) for part in client.get(path)["Content-Security-Policy"].split("; "))
        assert policy.pop("img-src").split()[-1] == origin
        # Films, and live portraits, which a script reads.
        for name in ("media-src", "connect-src"):
            assert {source for source in policy.pop(name, "").split() if "http" in source} <= {origin}
        assert not any("http" in sources for sources in policy.values())


# --- a server that does not answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["cut", "silent", "busy"])
def test_a_server_that_is_away_is_a_fault_of_no_file(
    s3: Storage, s3_line: Proxy, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.write(PORTRAIT, b"moving")
    calls: list[Callable[[], object]] = [
        lambda: s3.read(PORTRAIT),
        lambda: s3.write(PORTRAIT, b"new"),
        lambda: s3.copy(PORTRAIT, "trash/x"),
        lambda: s3.stat(PORTRAIT),
        lambda: list(s3.files("portraits")),
    ]
    if fault == "silent":
        monkeypatch.setattr(s3_storage, "READ_SECONDS", 0.2)
        # Each call waits twice.
        calls = calls[:2]
    s3_storage._connect.cache_clear()
    s3_line.fail(fault)
    for call in calls:
        with pytest.raises(StorageError, match="does not answer") as error:
            call()
        assert error.value.errno == errno.ENOTCONN
    s3_line.fail("")
    monkeypatch.undo()
    s3_storage._connect.cache_clear()
    assert s3.read(PORTRAIT) in (b"moving", b"new")


def test_what_cannot_be_deleted_is_left_after_one_try(
    s3: Storage, s3_line: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"photos/{number}.jpg" for number in range(4)]
    for name in names:
        s3.write(name, b"data")
    s3_line.fail("cut")
    before = s3_line.connections
    s3.delete(names)
    assert s3_line.connections - before <= s3_storage.ATTEMPTS
    # Nor does anything else wait for it now.
    s3.delete(names[:1])
    assert s3_line.connections - before <= s3_storage.ATTEMPTS
    assert "cannot delete photos/0.jpg and 3 others" in caplog.text
    assert files_on_disk() == set(names)


def test_refused_keys_and_a_missing_bucket_are_told_apart_from_missing_files(
    s3: Storage, settings: Settings
) -> None:
    right = settings.BUCKET
    settings.BUCKET = replace(right, secret="another")
    with pytest.raises(StorageError, match="refuses") as error:
        s3.read("photos/none.jpg")
    assert error.value.errno == errno.EACCES
    assert settings.BUCKET.secret not in str(error.value)
    settings.BUCKET = replace(right, name="no-such-bucket")
    with pytest.raises(StorageError, match="refuses"):
        s3.write("photos/none.jpg", b"data")
