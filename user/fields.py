"""A serializer field that every room needs which shows a picture."""

from __future__ import annotations

from rest_framework import serializers


class PublicUrl(serializers.CharField):
    """A storage URL made absolute for the host that the client asked; ``""`` stays ``""``."""

    def to_representation(self, value: str) -> str:
        return str(self.context["request"].build_absolute_uri(value)) if value else ""
