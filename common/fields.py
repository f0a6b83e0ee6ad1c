"""Serializer fields that several rooms need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import HttpRequest
from rest_framework import serializers
from rest_framework.fields import SkipField, get_error_detail
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


class ThoroughSerializer(serializers.Serializer[Any]):
    """A form whose refusal names all of its faults, where the base class checks the whole only after its parts."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """The values of the fields. Raises ValidationError with the faults of the fields and of :meth:`faults`."""
        if not isinstance(data, Mapping):
            # The base class has the words for it.
            return dict(super().to_internal_value(data))
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for field in self._writable_fields:
            name = str(field.field_name)
            found, fault = _checked(field, getattr(self, f"validate_{name}", None), data)
            if fault is not None:
                errors[name] = fault
            elif found is not _LEFT_OUT:
                values[name] = found
        for name, more in self.faults(values, data).items():
            # Faults of a list's items are a dict, to which nothing is added.
            errors[name] = (
                [*errors[name], *more] if isinstance(errors.get(name), list) else errors.get(name, more)
            )
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def faults(self, values: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        """Faults by field that only the fields together show. ``values`` has those that are right by themselves."""
        return {}


_LEFT_OUT = object()


def _checked(
    field: serializers.Field, check: Callable[[Any], Any] | None, data: Mapping[str, Any]
) -> tuple[Any, Any]:
    """A field's value and None, or its faults in the second place."""
    try:
        value = field.run_validation(field.get_value(data))
        return (check(value) if check else value), None
    except serializers.ValidationError as error:
        return None, error.detail
    except DjangoValidationError as error:
        return None, get_error_detail(error)
    except SkipField:
        return _LEFT_OUT, None
