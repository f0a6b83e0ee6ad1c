"""The API's description, taken apart for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from jsonschema import Draft202012Validator


@cache
def schema() -> dict[str, Any]:
    """The description as the code has it; another test holds what is served against it."""
    return dict(SchemaGenerator().get_schema(request=None, public=True))


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
    ]


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """``(request or the status, media type, media object)`` of everything that goes in and out."""
    parts = {"request": operation.get("requestBody", {}), **operation["responses"]}
    for part, body in parts.items():
        for media_type, media in body.get("content", {}).items():
            yield part, media_type, media


def validator(fragment: dict[str, Any]) -> Draft202012Validator:
    """For one schema of the document, with the components beside it that it refers to."""
    return Draft202012Validator(
        {**fragment, "components": schema()["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )
