"""How often one may fail to sign in, and sign up. Other limits are plain scopes: ``throttle_scope`` on a view."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.views import APIView

from common.throttles import OutcomeThrottle
from user.join_codes import canonical_code
from user.usernames import canonical


def sent_username(request: HttpRequest | Request) -> str:
    """The username of a sign-in, in JSON or in a form, as it was typed; ``""`` without one."""
    body = request.data if isinstance(request, Request) else request.POST
    username = body.get("username", "") if isinstance(body, Mapping) else ""
    # The serializer takes a number for its digits.
    return str(username) if isinstance(username, str | int | float) else ""


class ByUsername(OutcomeThrottle):
    """A limit for one username from one network."""

    def get_cache_key(self, request: HttpRequest | Request, view: APIView | None) -> str:
        # Hashed, because a key must be short.
        name = hashlib.sha256(canonical(sent_username(request)).encode(errors="replace")).hexdigest()
        return f"{super().get_cache_key(request, view)}-{name}"


class LoginThrottle(ByUsername):
    """Failures for one username from one network: slows guessing, and cannot lock out the owner elsewhere."""

    scope = "login"


class RecoveryThrottle(ByUsername):
    """Letters to one student that one network asks for."""

    scope = "recovery"


class RecoveryAddressThrottle(OutcomeThrottle):
    """Letters, and wrong links, from one network, which a whole school may share."""

    scope = "recovery-address"


class LoginAddressThrottle(OutcomeThrottle):
    """Failures for all usernames from one network, which a whole school may share."""

    scope = "login-address"


class SignUpThrottle(OutcomeThrottle):
    """New accounts from one network, which a whole school may share on its first day."""

    scope = "sign-up"


class ClassSignUpThrottle(OutcomeThrottle):
    """New accounts with the join code of one class, from whichever networks."""

    scope = "class-sign-up"

    def get_cache_key(self, request: HttpRequest | Request, view: APIView | None) -> str:
        return self.cache_format % {"scope": self.scope, "ident": canonical_code(sent_join_code(request))}


def sent_join_code(request: HttpRequest | Request) -> str:
    """The join code of a sign-up as it was typed; ``""`` without one."""
    body = request.data if isinstance(request, Request) else request.POST
    code = body.get("join_code", "") if isinstance(body, Mapping) else ""
    return code if isinstance(code, str) else ""
