"""The API's description (OpenAPI 3.1), from the views and from the texts in ``docs/api/*.yaml``.

Bodies, parameters and access come from the views. Summaries, descriptions and examples come from the texts, by method
and path, so that the code stays free of prose. Problems that every call of a kind can answer with (a missing token, a
body that is not JSON, too many requests) are added here by rule; the texts list the other ones.
A call without a text and a text without a call are warnings, on which ``manage.py spectacular --fail-on-warn`` fails.
"""

from __future__ import annotations

import http
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.utils import translation
from drf_spectacular.drainage import warn
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry

from common.problems import CONTENT_TYPE, problem

TEXTS = Path(settings.API_TEXTS)

JSON = "application/json"

PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "What went wrong (RFC 9457). Programs read `code`, people read `detail`.",
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string", "description": "the status in words, always English"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "one or more sentences, Korean or English"},
        "code": {"type": "string", "pattern": "^[a-z0-9_]+$", "description": "stable; see docs/errors.md"},
        "errors": {
            "type": "array",
            "description": "for a refused form: each fault with its field",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "description": "a dotted path; empty for the whole body"},
                    "code": {"type": "string", "pattern": "^[a-z0-9_]+$"},
                    "detail": {"type": "string"},
                },
                "required": ["field", "code", "detail"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "status", "detail", "code"],
}

Fault = dict[str, str]

# The problems that every call of a kind may answer with.
NO_TOKEN: dict[int, list[Fault]] = {
    401: [
        {"code": "not_authenticated", "detail": "Authentication credentials were not provided."},
        {"code": "token_not_valid", "detail": "Your session has ended. Please sign in again."},
    ]
}
BAD_JSON: dict[int, list[Fault]] = {
    400: [
        {"code": "malformed_body", "detail": "The body is not valid JSON."},
    ],
    413: [
        {"code": "body_too_large", "detail": "The body is too large."},
    ],
    415: [
        {"code": "unsupported_media_type", "detail": 'Unsupported media type "text/plain" in request.'},
    ],
}
BAD_ACCEPT: dict[int, list[Fault]] = {
    406: [{"code": "not_acceptable", "detail": "Could not satisfy the request Accept header."}]
}
NO_SUCH_ROW: dict[int, list[Fault]] = {404: [{"code": "not_found", "detail": "Not found."}]}
TOO_OFTEN: dict[int, list[Fault]] = {
    429: [{"code": "throttled", "detail": "Too many requests. Please try again later."}]
}
NO_DATABASE: dict[int, list[Fault]] = {
    503: [
        {
            "code": "database_unavailable",
            "detail": "The school's records cannot be reached at the moment. Please try again soon.",
        }
    ]
}


@cache
def texts() -> dict[str, dict[str, Any]]:
    """Every call's text by ``"METHOD /path/"``, with the ``tag`` of its file added."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(TEXTS.glob("*.yaml")):
        room = yaml.safe_load(path.read_text(encoding="utf-8"))
        for call, text in room["calls"].items():
            found[call] = {"tag": room["tag"], **text}
    return found


@cache
def tags() -> list[dict[str, str]]:
    """The tags of the API's sections, by their ``place``."""
    rooms = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in TEXTS.glob("*.yaml")]
    rooms.sort(key=lambda room: room["place"])
    return [{"name": room["tag"], "description": room["description"]} for room in rooms]


class ApiSchema(AutoSchema):
    """One call: bodies from the view, words and examples from the texts."""

    @property
    def text(self) -> dict[str, Any]:
        return texts().get(f"{self.method} {self.path}", {})

    def get_operation_id(self) -> str:
        return self.text.get("id") or str(super().get_operation_id())

    def get_summary(self) -> str | None:
        return self.text.get("summary")

    def get_description(self) -> str:  # type: ignore[override]
        return str(self.text.get("description", "")).strip()

    def get_tags(self) -> list[str]:
        return [self.text["tag"]] if self.text else list(super().get_tags())

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        # The description is English whatever language the client asks for.
        with translation.override("en"):
            operation: dict[str, Any] | None = super().get_operation(
                path, path_regex, path_prefix, method, registry
            )
        if operation is None:
            return None
        if not self.text:
            warn(f"docs/api has no text for {self.method} {self.path}")
        for parameter in operation.get("parameters", ()):
            parameter.update(self.text.get("parameters", {}).get(parameter["name"], {}))
        for media in operation.get("requestBody", {}).get("content", {}).values():
            _add_examples(media, self.text.get("request", {}))
        for status, response in operation["responses"].items():
            response["description"] = response["description"] or http.HTTPStatus(int(status)).phrase
            for media in response.get("content", {}).values():
                _add_examples(media, self.text.get("response", {}))
        for status, faults in sorted(self._faults(operation).items()):
            operation["responses"][str(status)] = _problem_response(status, faults)
        return operation

    def _get_request_body(self, direction: str = "request") -> Any:
        # The generator gives a DELETE no body; OpenAPI 3.1 does, and deleting an account asks for the password.
        if self.method == "DELETE" and "request" in self.text:
            self.method = "PUT"
            try:
                return super()._get_request_body(direction)
            finally:
                self.method = "DELETE"
        return super()._get_request_body(direction)

    def _faults(self, operation: dict[str, Any]) -> dict[int, list[Fault]]:
        """The call's problems by status: its own first, then those of its kind."""
        found: dict[int, list[Fault]] = {}
        for kind in self._kinds(operation):
            for status, faults in kind.items():
                known = {fault["code"] for fault in found.get(status, [])}
                found.setdefault(status, []).extend(
                    fault for fault in faults if fault["code"] not in known or "field" in fault
                )
        return found

    def _kinds(self, operation: dict[str, Any]) -> Iterator[dict[int, list[Fault]]]:
        yield self.text.get("problems", {})
        if operation.get("security") not in (None, [{}]):
            yield NO_TOKEN
        if JSON in operation.get("requestBody", {}).get("content", {}):
            yield BAD_JSON
        if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
            yield NO_SUCH_ROW
        if getattr(self.view, "throttle_scope", None) and self.view.get_throttles():
            yield TOO_OFTEN
        yield BAD_ACCEPT
        yield NO_DATABASE


def _add_examples(media: dict[str, Any], examples: dict[str, Any]) -> None:
    if examples:
        media["examples"] = {name: {"value": value} for name, value in examples.items()}


def _problem_response(status: int, faults: list[Fault]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": f"{http.HTTPStatus(status).phrase}: "
        + ", ".join(dict.fromkeys(f"`{fault['code']}`" for fault in faults)),
        "content": {
            CONTENT_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    ".".join(filter(None, (fault.get("field"), fault["code"]))): {
                        "value": example(status, fault)
                    }
                    for fault in faults
                },
            }
        },
    }
    if status in (http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.SERVICE_UNAVAILABLE):
        response["headers"] = {
            "Retry-After": {
                "schema": {"type": "integer"},
                "description": "seconds to wait",
                # Some faults that are answered with 503 end at a time that is not known.
                "required": status == http.HTTPStatus.TOO_MANY_REQUESTS,
            }
        }
    return response


def example(status: int, fault: Fault) -> dict[str, Any]:
    """The problem document of one fault; one with a ``field`` is what a refused form answers."""
    code, detail = fault["code"], fault["detail"]
    if "field" in fault:
        entry = {"field": fault["field"], "code": code, "detail": detail}
        return problem(status, "invalid", detail, errors=[entry])
    return problem(status, code, detail)


def _say_null_in_3_1(node: Any) -> None:
    """Turn the ``nullable`` of OpenAPI 3.0, which the framework's paginators still write, into a type of its own."""
    if isinstance(node, dict):
        if node.pop("nullable", False):
            node["type"] = [node["type"], "null"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _say_null_in_3_1(child)


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Postprocessing hook: the shape of problems, the rooms' descriptions, and texts without a call."""
    for component in result["components"]["schemas"].values():
        _say_null_in_3_1(component)
    result["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    result["info"]["description"] = (TEXTS / "about.md").read_text(encoding="utf-8").strip()
    result["tags"] = tags()
    calls = {f"{method.upper()} {path}" for path, methods in result["paths"].items() for method in methods}
    for call in sorted(texts().keys() - calls):
        warn(f"docs/api describes {call}, which does not exist")
    return result
