"""How often one may try to sign in. The other limits are plain scopes: ``throttle_scope`` on a view."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from user.models import User


class LoginThrottle(SimpleRateThrottle):
    """Attempts for one username from one address: slows guessing, and cannot lock out the owner elsewhere."""

    scope = "login"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        username = request.data.get("username") if isinstance(request.data, Mapping) else None
        # As it is kept, so that another spelling is not another chance; hashed, because a key must be short.
        name = User.normalize_username(username) if isinstance(username, str) else ""
        ident = f"{self.get_ident(request)}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()}"
        return self.cache_format % {"scope": self.scope, "ident": ident}


class LoginAddressThrottle(SimpleRateThrottle):
    """Tries for all usernames from one address, which a whole school may share."""

    scope = "login-address"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
