"""Limits: by scope, by network, and by outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle, SimpleRateThrottle

from common.addresses import client_network

# The framework reads its default limits, which are here, while it defines the view.
if TYPE_CHECKING:
    from rest_framework.views import APIView


class ByNetwork(BaseThrottle):
    """Clients without an account are told apart by their network."""

    def get_ident(self, request: HttpRequest | Request) -> str:
        return client_network(request)


class ScopedThrottle(ByNetwork, ScopedRateThrottle):
    """The default: all requests of one student, or of one network, to views with one ``throttle_scope``."""


class OutcomeThrottle(ByNetwork, SimpleRateThrottle):
    """A limit of requests with one outcome, such as failures.

    A request is counted before it is handled, so that requests at the same time cannot exceed the limit together,
    and :meth:`uncount` takes it back when its outcome is known to be another one.
    """

    duration: int
    _counted = False

    def admits(self, request: HttpRequest) -> bool:
        """``allow_request`` for views outside of the REST framework."""
        return self.allow_request(cast(Any, request), cast(Any, None))

    def get_cache_key(self, request: HttpRequest | Request, view: APIView | None) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}

    def throttle_success(self) -> bool:
        self._counted = True
        return bool(super().throttle_success())

    def uncount(self) -> None:
        """Take this request out of the count, if it is in it."""
        if not self._counted:
            return
        history = self.cache.get(self.key, [])
        if self.now in history:
            history.remove(self.now)
            self.cache.set(self.key, history, self.duration)
        self._counted = False
