"""Ids of answers that do not reveal the house: the plain ones follow the order of the seeded houses."""

from __future__ import annotations

import re

from django.utils.crypto import salted_hmac

_DIGITS = 16
PATTERN = re.compile(f"[0-9a-f]{{{_DIGITS}}}")


def opaque_id(answer_id: int) -> str:
    """The id as 16 hexadecimal digits, the same until the secret key changes."""
    return salted_hmac("dormitory.opaque", str(answer_id), algorithm="sha256").hexdigest()[:_DIGITS]
