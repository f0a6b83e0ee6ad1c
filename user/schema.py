"""Tells the API's description that our authentication is a bearer token as simplejwt's is."""

from __future__ import annotations

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme


class StudentScheme(SimpleJWTScheme):
    """Registers itself when it is defined."""

    target_class = "user.authentication.StudentAuthentication"
