"""A real S3 server for tests: ``rclone serve s3`` on a folder, on a free port, with keys that it checks."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import Settings

from common.buckets import Bucket
from common.storage import Storage, media
from tests.tcp_proxy import Proxy

KEY_ID, SECRET = "school", "a-secret-of-the-tests"
RCLONE = Path(sys.executable).with_name("rclone")
START_SECONDS = 30.0


@dataclass(frozen=True)
class Server:
    """``folder`` has a folder for each bucket, and in it a file for each object."""

    folder: Path
    port: int

    def bucket(self, name: str) -> Bucket:
        """A new, empty bucket."""
        (self.folder / name).mkdir()
        return Bucket(
            name, f"http://127.0.0.1:{self.port}", "us-east-1", KEY_ID, SECRET, location="school/media"
        )


def objects() -> Path:
    """Where the server keeps the objects of the bucket in use, as files."""
    bucket = settings.BUCKET
    assert bucket is not None
    return FOLDERS[bucket.name] / bucket.location


# The folders of the buckets in use.
FOLDERS: dict[str, Path] = {}


def variables() -> dict[str, str]:
    """The environment of a process that uses the same bucket; nothing with the local storage."""
    bucket = settings.BUCKET
    if bucket is None:
        return {}
    return {
        "MEDIA_STORAGE": "s3",
        "AWS_STORAGE_BUCKET_NAME": bucket.name,
        "AWS_S3_ENDPOINT_URL": bucket.endpoint,
        "AWS_S3_REGION_NAME": bucket.region,
        "AWS_ACCESS_KEY_ID": bucket.key_id,
        "AWS_SECRET_ACCESS_KEY": bucket.secret,
        "AWS_LOCATION": bucket.location,
    }


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("s3")
    log = folder.with_name("s3.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                *(RCLONE, "serve", "s3", folder, "--addr", "127.0.0.1:0", "--auth-key", f"{KEY_ID},{SECRET}"),
                # Tests change files and make buckets without the server. With 0 it keeps a core busy.
                *(
                    "--dir-cache-time",
                    "20ms",
                    "--config",
                    folder.with_name("rclone.conf"),
                    "--log-level",
                    "NOTICE",
                ),
            ],
            stdout=output,
            stderr=output,
        )
    try:
        yield Server(folder, _port(log, process))
    finally:
        process.kill()
        process.wait()


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if match := re.search(r"server on \[http://127\.0\.0\.1:(\d+)/", log.read_text()):
            return int(match[1])
        time.sleep(0.02)
    raise AssertionError(f"rclone serve s3 did not start: {log.read_text()}")


@pytest.fixture
def s3(
    s3_server: Server, settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Storage]:
    """The media storage, in an empty bucket. This machine's media folder cannot be used."""
    bucket = s3_server.bucket(f"bucket-{len(FOLDERS)}")
    FOLDERS[bucket.name] = s3_server.folder / bucket.name
    settings.MEDIA_STORAGE, settings.BUCKET = "s3", bucket
    nowhere = tmp_path / "no folder"
    nowhere.touch()
    settings.MEDIA_ROOT = nowhere / "media"
    yield media()
    assert nowhere.read_bytes() == b""


@pytest.fixture
def s3_line(s3: Storage, settings: Settings) -> Iterator[Proxy]:
    """The connection to the server, which can be slowed down and cut."""
    bucket: Bucket = settings.BUCKET
    with Proxy(int(bucket.endpoint.rpartition(":")[2])) as proxy:
        settings.BUCKET = replace(bucket, endpoint=f"http://127.0.0.1:{proxy.port}")
        yield proxy
