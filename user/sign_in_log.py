"""Failed sign-ins in the log: logger ``user.sign_in``, with the address and the number of the account.

Neither the password is logged nor the username, which is a name, and in whose field people type their passwords.
"""

from __future__ import annotations

import logging

from django.http import HttpRequest
from rest_framework.request import Request

from common.addresses import client_address
from user.models import User
from user.selectors import number_of
from user.throttles import sent_username

logger = logging.getLogger("user.sign_in")


def log_failure(request: HttpRequest | Request, place: str) -> None:
    """Write one line; ``place`` is ``api`` or ``admin``."""
    number = number_of(User.normalize_username(sent_username(request)))
    account = "no account" if number is None else f"account {number}"
    logger.warning("failed sign-in (%s) from %s to %s", place, client_address(request), account)
