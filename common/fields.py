"""Serializer fields that several rooms need."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class PublicUrl(serializers.CharField):
    """A storage URL made absolute for the host that the client asked; ``""`` stays ``""``."""

    def to_representation(self, value: str) -> str:
        return str(self.context["request"].build_absolute_uri(value)) if value else ""


class Text(serializers.CharField):
    """A JSON string. The framework's field would take a number for its digits as well."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)
