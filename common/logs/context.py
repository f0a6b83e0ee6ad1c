"""What the lines of the log belong to: the request that a thread answers, the job that it works on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

REQUEST_ID = "request_id"

_bound: ContextVar[Mapping[str, str | int]] = ContextVar("log_context", default=MappingProxyType({}))


@contextmanager
def bound(**fields: str | int) -> Iterator[None]:
    """Lines that are logged inside have these fields, beside those that are bound; empty ones are left out."""
    token = _bound.set({**_bound.get(), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        _bound.reset(token)


def current() -> Mapping[str, str | int]:
    """The fields that are bound now."""
    return _bound.get()


def current_request() -> str:
    """The id of the request that is being answered; ``""`` outside of one."""
    return str(_bound.get().get(REQUEST_ID, ""))
