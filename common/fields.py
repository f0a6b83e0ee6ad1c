"""Serializer fields that several rooms need."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework import serializers
from rest_framework.request import Request


def origin(request: HttpRequest | Request) -> str:
    """Scheme and host that the client asked, such as ``https://school.example``."""
    return str(request.build_absolute_uri("/"))[:-1]


def public_url(base: str, url: str) -> str:
    """A storage URL or a path of ours made absolute for the :func:`origin` ``base``; ``""`` stays ``""``."""
    return base + url if url.startswith("/") and not url.startswith("//") else url


class PublicUrl(serializers.CharField):
    """A storage URL made absolute for the host that the client asked; ``""`` stays ``""``."""

    def to_representation(self, value: str) -> str:
        return public_url(origin(self.context["request"]), value)


class Text(serializers.CharField):
    """A JSON string. The framework's field would take a number for its digits as well."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)
