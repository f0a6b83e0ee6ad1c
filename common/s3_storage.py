"""Files as objects in a private bucket of an S3 storage, by django-storages and boto3.

Nothing here is imported unless ``MEDIA_STORAGE`` is ``s3``. Faults become :class:`common.storage.StorageError`, an
OSError whose number says whether no object can be reached (ENOTCONN) or this one may be at fault.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import mimetypes
import os
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from django.conf import settings
from django.core.files.base import ContentFile
from storages.backends import s3

from common.buckets import Bucket, signed_url
from common.storage import Storage, StorageError, StoredFile

# Seconds; a thread of the web process waits this long, twice, for a server that is away.
CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
ATTEMPTS = 2
# Objects of one request when a folder is listed; servers give 1000 at most.
PAGE = 1000
# After the server did not answer, files are not deleted for this many seconds: the search for orphans finds them.
REST = 5.0
# From this size on an object is sent in parts, which become visible together.
PART_BYTES = 64 * 2**20
# What a server answers while it is overloaded or away behind a proxy, whichever object is asked for.
_AWAY = {429, 502, 503, 504}
_MISSING = {"404", "NoSuchKey", "NotFound"}
_CACHED = "public, max-age=31536000, immutable"
_NOT_CACHED = "private, no-store"

logger = logging.getLogger(__name__)


class _Backend(s3.S3Storage):
    """django-storages' connection to the bucket, with the headers that an object is later served with."""

    def get_object_parameters(self, name: str) -> dict[str, Any]:
        plain = name.removeprefix(f"{self.location}/" if self.location else "")
        suffix = plain[plain.rfind(".") :]
        kind = settings.PUBLIC_MEDIA_TYPES.get(suffix) or mimetypes.guess_type(plain)[0]
        return {
            "ContentType": kind or "application/octet-stream",
            "CacheControl": _CACHED if _is_public(plain) else _NOT_CACHED,
        }


class S3Storage(Storage):
    """Objects in ``settings.BUCKET``. The server carries out a write as a whole or not at all."""

    # When deleting may be tried again, in the time of the monotonic clock.
    _rests_until = 0.0

    def read(self, name: str) -> bytes:
        with _answers(name):
            data: bytes = self._object(name).get()["Body"].read()
        return data

    def write(self, name: str, data: bytes) -> None:
        with _answers(name):
            self._backend().save(name, ContentFile(data))

    def copy(self, source: str, target: str) -> None:
        original = {"Bucket": _bucket().name, "Key": _bucket().prefix + source}
        with _answers(source):
            self._object(target).copy_from(CopySource=original)

    def stat(self, name: str) -> StoredFile | None:
        found = self._object(name)
        try:
            with _answers(name):
                found.load()
        except FileNotFoundError:
            return None
        return StoredFile(name, found.content_length, found.last_modified.timestamp())

    def files(self, folder: str) -> Iterator[StoredFile]:
        prefix = _bucket().prefix
        with _answers(folder):
            pages = self._backend().bucket.objects.filter(Prefix=f"{prefix}{folder}/").page_size(PAGE).pages()
            for page in pages:
                for found in page:
                    # Some programs mark a folder by an empty object.
                    if not found.key.endswith("/"):
                        name = found.key.removeprefix(prefix)
                        yield StoredFile(name, found.size, found.last_modified.timestamp())

    def delete(self, names: Iterable[str]) -> None:
        """Delete the objects, up to the first that cannot be deleted: the server is away, or refuses all of them."""
        left = list(names)
        if not left:
            return
        fault: object = "the storage did not answer a moment ago"
        if time.monotonic() >= S3Storage._rests_until:
            try:
                while left:
                    self._delete(left[0])
                    left.pop(0)
                return
            except OSError as error:
                fault = error
        logger.warning("cannot delete %s and %s others: %s", left[0], len(left) - 1, fault)

    def _delete(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError), _answers(name):
            self._object(name).delete()

    def url(self, name: str) -> str:
        # The path of a private file leads nowhere, as with the local storage.
        if settings.MEDIA_PUBLIC_URL or not _is_public(name):
            return super().url(name)
        return signed_url(_bucket(), name)

    def local_path(self, name: str) -> Path | None:
        return None

    def _object(self, name: str) -> Any:
        return self._backend().bucket.Object(_bucket().prefix + name)

    def _backend(self) -> _Backend:
        # A connection that was made before a fork belongs to the parent.
        return _connect(_bucket(), os.getpid())


def _bucket() -> Bucket:
    """The bucket of the settings, which read it where the storage is this one."""
    bucket = settings.BUCKET
    assert bucket is not None
    return bucket


def _is_public(name: str) -> bool:
    return name.partition("/")[0] in settings.PUBLIC_MEDIA


@lru_cache(maxsize=4)
def _connect(bucket: Bucket, pid: int) -> _Backend:
    """Threads share the client of the backend's bucket, which allows it."""
    backend = _Backend(
        access_key=bucket.key_id,
        secret_key=bucket.secret,
        security_token=None,
        bucket_name=bucket.name,
        endpoint_url=bucket.endpoint,
        region_name=bucket.region,
        location=bucket.location,
        file_overwrite=True,
        default_acl=None,
        transfer_config=TransferConfig(use_threads=False, multipart_threshold=PART_BYTES),
        client_config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual" if bucket.virtual_host else "path"},
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=32,
            # Many servers other than Amazon's do not know the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    # Made here, under the cache's care, and not by two threads at once.
    backend.bucket  # noqa: B018
    return backend


@contextlib.contextmanager
def _answers(name: str) -> Iterator[None]:
    """Turns boto3's errors into FileNotFoundError and StorageError."""
    try:
        yield
        S3Storage._rests_until = 0.0
    except ClientError as error:
        raise _refusal(error, name) from error
    except (BotoCoreError, Boto3Error, ResponseParserError) as error:
        S3Storage._rests_until = time.monotonic() + REST
        raise StorageError(errno.ENOTCONN, f"the S3 storage does not answer: {_line(error)}") from error


def _refusal(error: ClientError, name: str) -> OSError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING:
        return FileNotFoundError(errno.ENOENT, "there is no such object", name)
    if status in _AWAY:
        S3Storage._rests_until = time.monotonic() + REST
        return StorageError(errno.ENOTCONN, f"the S3 storage does not answer: {_line(error)}")
    return StorageError(
        errno.EACCES if status == 403 else errno.EIO, f"the S3 storage refuses: {_line(error)}", name
    )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
