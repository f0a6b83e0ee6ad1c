"""Which errors are the machine's and not the job's. Imports neither Django nor torch."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from portrait.engine.errors import CheckpointError, CredentialsError

# No job can be the cause of these: the disk is full, read-only, or not there.
_MACHINE_ERRNO = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.ESTALE,
    errno.ENOTCONN,
    errno.EMFILE,
    errno.ENFILE,
}
# These may be those of one file, or of the whole disk.
_STORAGE_ERRNO = {*_MACHINE_ERRNO, errno.EIO, errno.EACCES, errno.EPERM}
# What ffmpeg writes when its disk is full or read-only; its temporary files are gone before anyone can look.
_MACHINE_WORDS = ("No space left on device", "Read-only file system", "Disk quota exceeded")
_MEMORY_WORDS = ("can't allocate memory", "out of memory", "cannot allocate memory", "std::bad_alloc")


def is_the_machines(error: BaseException) -> bool:
    """Whether no other job would have fared better, for weights, a certificate, or a disk at fault."""
    for one in chain_of(error):
        if isinstance(one, CheckpointError | CredentialsError):
            return True
        if isinstance(one, OSError) and one.errno in _MACHINE_ERRNO:
            return True
    return any(words in str(error) for words in _MACHINE_WORDS)


def is_of_the_storage(error: BaseException) -> bool:
    """Whether a file could not be read or written, for whatever reason."""
    return isinstance(error, OSError) and error.errno in _STORAGE_ERRNO


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was short, also where a library turned that into an error of its own."""
    return any(
        isinstance(one, MemoryError)
        or (isinstance(one, OSError) and one.errno == errno.ENOMEM)
        or (isinstance(one, RuntimeError) and any(words in str(one).lower() for words in _MEMORY_WORDS))
        for one in chain_of(error)
    )


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """The error, and those that it was raised from or while handling."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
