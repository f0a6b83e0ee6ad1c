"""What the media storage promises to all its callers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from common.storage import media as storage
from tests.portrait.kit import files_on_disk


def no_links(*args: Any) -> None:
    raise OSError(95, "Operation not supported")


def full(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def test_what_is_written_is_read_back_and_replaced_as_a_whole(media: Path) -> None:
    storage().write("portraits/a/file", b"old")
    storage().write("portraits/a/file", b"new")
    assert storage().read("portraits/a/file") == b"new"
    assert files_on_disk() == {"portraits/a/file"}


@pytest.mark.parametrize("name", ["photos/none.jpg", "portraits/a/file/below", "portraits/a"])
def test_what_is_not_there_is_told_apart_from_a_broken_storage(media: Path, name: str) -> None:
    storage().write("portraits/a/file", b"data")
    assert not storage().exists(name)
    assert storage().stat(name) is None
    if name != "portraits/a":
        with pytest.raises(FileNotFoundError):
            storage().read(name)
        with pytest.raises(FileNotFoundError):
            storage().copy(name, "portraits/b/file")
    storage().delete([name])
    assert files_on_disk() == {"portraits/a/file"}


@pytest.mark.parametrize("linked", [True, False], ids=["hard link", "file system without links"])
def test_a_copy_outlives_the_original_and_does_not_follow_its_changes(
    media: Path, monkeypatch: pytest.MonkeyPatch, linked: bool
) -> None:
    if not linked:
        monkeypatch.setattr(os, "link", no_links)
    storage().write("portraits/a/file", b"data")
    storage().copy("portraits/a/file", "portraits/b/file")
    copy = storage().stat("portraits/b/file")
    assert copy is not None and (copy.size, copy.shared) == (4, linked)
    storage().write("portraits/a/file", b"changed")
    storage().delete(["portraits/a/file"])
    assert storage().read("portraits/b/file") == b"data"


def test_a_copy_that_fails_leaves_nothing(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage().write("portraits/a/file", b"data")
    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        storage().copy("portraits/a/file", "portraits/b/file")
    assert files_on_disk() == {"portraits/a/file"}


def test_a_folder_goes_with_its_last_file_and_an_area_stays(media: Path) -> None:
    for name in ("photos/a.jpg", "portraits/a/one", "portraits/a/two"):
        storage().write(name, b"data")
    storage().delete(["photos/a.jpg", "portraits/a/one"])
    assert [path.name for path in (media / "portraits").iterdir()] == ["a"]
    storage().delete(["portraits/a/two"])
    assert sorted(path.name for path in media.iterdir()) == ["photos", "portraits"]
    assert list(storage().files("portraits")) == []


def test_the_file_fields_of_models_use_the_same_storage(media: Path) -> None:
    name = default_storage.save("crests/own.webp", ContentFile(b"data"))
    assert storage().read(name) == b"data"
    assert default_storage.save("crests/own.webp", ContentFile(b"other")) != name
    assert (default_storage.size(name), default_storage.url(name)) == (4, storage().url(name))
    with default_storage.open(name) as file:
        assert file.read() == b"data"
    default_storage.delete(name)
    assert not storage().exists(name)
