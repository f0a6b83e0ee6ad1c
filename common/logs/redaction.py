"""What must not be read in a log is replaced there: tokens, addresses, and values that a database repeats."""

from __future__ import annotations

import re
from typing import Any

_REPLACED: tuple[tuple[re.Pattern[str], str], ...] = (
    # JSON Web Tokens, and whatever follows the name of the scheme.
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), "[token]"),
    (re.compile(r"\b(Bearer|Basic)\s+[^\s'\",;]{8,}", re.IGNORECASE), r"\1 [token]"),
    # Values that Django signed, such as the addresses of photos and the links for a new password.
    (re.compile(r"[^\s/'\"]+:[\w-]{4,12}:[\w-]{20,}"), "[token]"),
    # Accounts in the URLs of servers.
    (re.compile(r"(\w+://)[^\s/@:]*:[^\s/@]*@"), r"\1[account]@"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "[address]"),
    # PostgreSQL's details of a constraint that a row breaks.
    (re.compile(r"(Key \(.+?\))=\(.*?\)(?= )"), r"\1=([value])"),
    (re.compile(r"(Failing row contains) \(.*\)"), r"\1 ([values])"),
)
# A part of a path that may be a token: no route of ours that is a word is as long.
_LONG_PART = re.compile(r"[^/]{24,}")


def redacted(text: str) -> str:
    """``text`` without what its form shows to be a secret or an address."""
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    return text


def path_for_log(request: Any) -> str:
    """The route that answered the request, without the values in it; else the path without its long parts."""
    match = getattr(request, "resolver_match", None)
    if match is not None:
        return f"/{match.route}"
    return _LONG_PART.sub("[...]", str(request.path))
