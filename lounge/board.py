"""The newest entries as JSON, which is written again only when something in them has changed."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from common.fields import origin
from common.prepared import Prepared
from common.storage import URL_SECONDS
from lounge.selectors import BOARD_LENGTH, latest_entries, visible_entries
from lounge.serializers import EntrySerializer

# A service is reached under a few names; with more of them the oldest text is dropped.
ORIGINS = 8
# Seconds for which a text is used; its addresses must be valid for some time after that.
KEPT = URL_SECONDS / 24

Rows = list[tuple[Any, ...]]

# All that an entry's document is made of.
_ROWS = Prepared(
    lambda: visible_entries().values_list(
        "id",
        "content",
        "author_id",
        "author__fullname",
        "author__portrait",
        "author__poster",
        "author__tile",
        "author__house__name",
        "created_at",
        "edited_at",
    )[:BOARD_LENGTH]
)


@dataclass(frozen=True)
class _Written:
    rows: Rows
    text: bytes
    until: float

    def shows(self, rows: Rows) -> bool:
        return self.rows == rows and time.monotonic() < self.until


_written: dict[str, _Written] = {}
_lock = threading.Lock()


def board_rows() -> Rows:
    """The newest visible entries as the database returns them, for comparing. One query."""
    return _ROWS.raw()


def board_text(request: Request, rows: Rows) -> bytes:
    """The JSON list of the newest entries, as EntrySerializer describes them; ``rows`` have just been read.

    A text is used again only for equal rows, so that every change shows at once, whichever process made it. Otherwise
    the entries are read after ``rows``: what changed in between is in the text already, and the next request's rows
    will differ and have it written again.
    """
    base = origin(request)
    if (kept := _written.get(base)) and kept.shows(rows):
        return kept.text
    # One thread writes; those that wait for it find its text.
    with _lock:
        if (kept := _written.get(base)) and kept.shows(rows):
            return kept.text
        until = time.monotonic() + KEPT
        entries: Any = latest_entries()
        data = EntrySerializer(entries, many=True, context={"request": request}).data
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        while len(_written) >= ORIGINS:
            _written.pop(next(iter(_written)))
        _written[base] = _Written(rows, text, until)
        return text
