"""Views that are limited by the outcome of their requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from common.throttles import OutcomeThrottle


class CountsOutcomes(APIView, ABC):
    """A view whose ``OutcomeThrottle`` limits count the responses for which :meth:`counts` is true."""

    _throttles: tuple[BaseThrottle, ...] = ()

    @abstractmethod
    def counts(self, response: Response) -> bool:
        """Whether this response is of the kind that is limited."""

    def get_throttles(self) -> list[BaseThrottle]:
        throttles = super().get_throttles()
        self._throttles = tuple(throttles)
        return throttles

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if not self.counts(response):
            for throttle in self._throttles:
                if isinstance(throttle, OutcomeThrottle):
                    throttle.uncount()
        return response
