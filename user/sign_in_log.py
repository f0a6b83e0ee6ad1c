"""Failed sign-ins in the log: logger ``user.sign_in``, with the address and the username, never the password."""

from __future__ import annotations

import logging

from django.http import HttpRequest
from rest_framework.request import Request

from common.addresses import client_address
from user.throttles import sent_username

logger = logging.getLogger("user.sign_in")

# Characters of the username that are logged; no account has more than 20.
_LOGGED = 40


def log_failure(request: HttpRequest | Request, place: str) -> None:
    """Write one line; ``place`` is ``api`` or ``admin``."""
    # repr escapes what cannot be printed, such as a line end that would begin another entry, and the quotes.
    username = repr(sent_username(request)[:_LOGGED])
    logger.warning("failed sign-in (%s) from %s as %s", place, client_address(request), username)
