"""Signed addresses of a student's unpainted photo, and the picture that others see instead of it.

An ``<img>`` sends no ``Authorization`` header, so the address itself is the permission. It expires, and only answers
to the student contain it.
"""

from __future__ import annotations

import time
from datetime import timedelta

from django.core import signing

from common.paths import path_of

LIFETIME = timedelta(hours=1)
# Seconds for which a file has the same address: polling clients keep their ETag, and the browser its image.
STEP = 600
# Stands for the token in the path of an address. A token has no character that a URL would escape.
TOKEN = "TOKEN"


class ExpiredAddressError(Exception):
    """The address is older than ``LIFETIME``."""


class ForgedAddressError(Exception):
    """The address was not signed by this installation."""


class _Signer(signing.TimestampSigner):
    def timestamp(self) -> str:
        return signing.b62_encode(int(time.time()) // STEP * STEP)


def _signer() -> _Signer:
    return _Signer(salt="user.private_pictures")


def signed_url(name: str) -> str:
    """The URL path under which the private file ``name`` of the storage is served for ``LIFETIME`` at most."""
    token = _signer().sign(signing.b64_encode(name.encode()).decode())
    return path_of("portrait-photo", TOKEN).replace(TOKEN, token)


def signed_name(token: str) -> str:
    """The storage name that the token of an address stands for.

    Raises ExpiredAddressError and ForgedAddressError.
    """
    try:
        text = _signer().unsign(token, max_age=LIFETIME)
    except signing.SignatureExpired as error:
        raise ExpiredAddressError from error
    except signing.BadSignature as error:
        raise ForgedAddressError from error
    return signing.b64_decode(text.encode()).decode()


def empty_frame() -> str:
    """The URL path of the picture of a student without a finished portrait."""
    return path_of("web", "art/empty-frame.svg")
