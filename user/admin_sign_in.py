"""Signing in to the admin, with the limits of the API's sign-in; they share one count."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import Throttled

from common.problems import page_or_problem
from user.sign_in_log import log_failure
from user.throttles import LoginAddressThrottle, LoginThrottle


def sign_in(request: HttpRequest) -> HttpResponseBase:
    """``/admin/login/``: Django's page; 429 with ``Retry-After`` after too many failures."""
    if request.method != "POST":
        return admin.site.login(request)
    throttles = (LoginThrottle(), LoginAddressThrottle())
    refusing = [throttle for throttle in throttles if not throttle.admits(request)]
    if refusing:
        for throttle in throttles:
            throttle.uncount()
        return page_or_problem(request, Throttled(max(throttle.wait() or 1 for throttle in refusing)))
    response = admin.site.login(request)
    # The form again is a failure; a success redirects.
    if response.status_code == 200:
        log_failure(request, "admin")
    else:
        for throttle in throttles:
            throttle.uncount()
    return response
