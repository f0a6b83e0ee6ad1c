"""The two forms of a line in the log, by ``LOG_FORMAT``: text for people, JSON for programs."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from common.logs.context import REQUEST_ID, current
from common.logs.redaction import path_for_log, redacted


class LineFormatter(logging.Formatter):
    """Time, level, logger and message; what the line belongs to stands in brackets at its end."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return redacted(super().format(without_path(record)))

    def formatMessage(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        return super().formatMessage(record) + (f" [{fields}]" if fields else "")


class JsonFormatter(logging.Formatter):
    """One JSON object in one line: ``time``, ``level``, ``logger``, ``process``, ``message``, and what it belongs to.

    A traceback is the text of ``error``.
    """

    def format(self, record: logging.LogRecord) -> str:
        record = without_path(record)
        entry: dict[str, str | int] = {
            "time": datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process or 0,
            "message": redacted(record.getMessage()),
            **fields_of(record),
        }
        if record.exc_info:
            entry["error"] = redacted(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def fields_of(record: logging.LogRecord) -> Mapping[str, str | int]:
    """What the record belongs to. Django logs a refusal with its request, after all middleware has ended."""
    request_id = getattr(getattr(record, "request", None), REQUEST_ID, "")
    return {**({REQUEST_ID: request_id} if request_id else {}), **current()}


def without_path(record: logging.LogRecord) -> logging.LogRecord:
    """The record with the request's route in place of its path, which may have a token in it."""
    request: Any = getattr(record, "request", None)
    if not isinstance(record.args, tuple) or not hasattr(request, "path"):
        return record
    record = copy.copy(record)
    path = path_for_log(request)
    record.args = tuple(path if argument == request.path else argument for argument in record.args or ())
    return record
