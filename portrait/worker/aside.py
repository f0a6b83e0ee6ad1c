"""Calls beside the worker's loop, in threads that do not keep the process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol, TypeVar

T = TypeVar("T")


class Meanwhile(Protocol):
    """Runs a call to the storage, however long it takes, while the leases are kept."""

    def __call__(self, call: Callable[[], T], /) -> T: ...


def at_once(call: Callable[[], T], /) -> T:
    """The ``Meanwhile`` of a worker whose leases another thread keeps."""
    return call()


def aside(call: Callable[[], T]) -> Future[T]:
    """Start ``call`` in a thread; the future has what it returns or raises."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future
