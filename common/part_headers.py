"""Headers of a form's parts that are not in UTF-8, as older programs in Korea write the names of files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import multipartparser

# Korean Windows; of other encodings only the bytes are told apart.
_ENCODINGS = ("utf-8", "cp949", "latin-1")
_FIRST_READ = 1024
# The stubs know less than half of the module.
_django: Any = multipartparser


class AnyEncodingParser(_django.Parser):
    """Django's iterator over the parts of a form, which would drop a header that is not in UTF-8.

    The part would then be no file at all. Names of files are never used, but there must be one.
    """

    def __iter__(self) -> Iterator[Any]:
        for part in _django.InterBoundaryIter(self._stream, self._separator):
            _recode_headers(part)
            yield _django.parse_boundary_stream(part, _django.MAX_TOTAL_HEADER_SIZE)


def _recode_headers(part: Any) -> None:
    """Put the part's headers back into its stream, in UTF-8."""
    size = _FIRST_READ
    while True:
        chunk: bytes = part.read(size)
        end = chunk.find(b"\r\n\r\n")
        if end >= 0 or len(chunk) < size or size >= _django.MAX_TOTAL_HEADER_SIZE:
            break
        part.unget(chunk)
        size *= 2
    if end >= 0 and not chunk[:end].isascii():
        chunk = _in_utf8(chunk[:end]) + chunk[end:]
    part.unget(chunk)


def _in_utf8(header: bytes) -> bytes:
    for encoding in _ENCODINGS:
        try:
            return header.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    return header


def install() -> None:
    """Have Django read all forms with :class:`AnyEncodingParser`; it has no setting for it."""
    _django.Parser = AnyEncodingParser
