"""The API's description is complete, true to the code, and the committed copy is the current one."""

from __future__ import annotations

import http
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from common.problems import CONTENT_TYPE
from tests.common.description import contents, operations, schema, validator

COMMITTED = Path(settings.BASE_DIR) / "docs" / "openapi.yaml"

# Answered by the service, and no part of the JSON API.
ELSEWHERE = (
    *("admin", "schema/", "docs/", "media/", "web/", "live/", "card/", "wall/", "favicon.ico"),
    *(
        "app.webmanifest",
        "service-worker.js",
        "user/portrait/photo/",
        "user/portrait/previews/{",
        "lounge/stills/",
    ),
)


def every_operation() -> pytest.MarkDecorator:
    found = operations()
    return pytest.mark.parametrize(
        "operation", [entry for _, entry in found], ids=[name for name, _ in found]
    )


def test_it_is_valid_without_a_warning_and_the_committed_copy_is_current(tmp_path: Path) -> None:
    fresh = tmp_path / "openapi.yaml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(fresh))
    assert fresh.read_text(encoding="utf-8") == COMMITTED.read_text(encoding="utf-8"), (
        "write it again: manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml"
    )


def test_it_is_openapi_3_1_with_tokens_as_the_key() -> None:
    assert schema()["openapi"].startswith("3.1.")
    scheme = schema()["components"]["securitySchemes"]["jwtAuth"]
    assert (scheme["type"], scheme["scheme"], scheme["bearerFormat"]) == ("http", "bearer", "JWT")


@pytest.mark.parametrize("language", ["ko", "en", "fr"])
def test_whoever_asks_gets_the_same_description(language: str) -> None:
    served = APIClient(headers={"Accept-Language": language}).get("/schema/")
    assert served.content.decode() == COMMITTED.read_text(encoding="utf-8")


def test_every_path_of_the_service_is_described() -> None:
    def paths(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
        for pattern in resolver.url_patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)
            elif not route.startswith(ELSEWHERE):
                yield from paths(pattern, route)

    served = {path for path in paths(get_resolver()) if not path[1:].startswith(ELSEWHERE)} - {"/"}
    assert served == schema()["paths"].keys()


def test_operation_ids_are_unique() -> None:
    ids = [operation["operationId"] for _, operation in operations()]
    assert len(ids) == len(set(ids))


def test_every_tag_is_a_described_room() -> None:
    used = {tag for _, operation in operations() for tag in operation["tags"]}
    assert used == {tag["name"] for tag in schema()["tags"] if tag["description"]}


@every_operation()
def test_every_call_says_what_it_does(operation: dict[str, Any]) -> None:
    assert 5 < len(operation["summary"]) < 60
    assert len(operation["description"]) > 20
    assert len(operation["tags"]) == 1


@every_operation()
def test_every_body_has_an_example_that_fits_its_schema(operation: dict[str, Any]) -> None:
    seen = set()
    for part, media_type, media in contents(operation):
        seen.add(part)
        values = [example["value"] for example in media.get("examples", {}).values()]
        assert values, f"{part} {media_type}"
        check = validator(media["schema"])
        for value in values:
            assert [error.message for error in check.iter_errors(value)] == [], f"{part} {media_type}"
    assert any(part.startswith("2") for part in seen)


@every_operation()
def test_every_refusal_is_a_problem_with_its_own_status(operation: dict[str, Any]) -> None:
    refusals = [
        (int(part), media_type, media)
        for part, media_type, media in contents(operation)
        if part.isdigit() and int(part) >= 400
    ]
    assert refusals
    for status, media_type, media in refusals:
        assert media_type == CONTENT_TYPE
        for example in media["examples"].values():
            assert example["value"]["status"] == status
            assert example["value"]["title"] == http.HTTPStatus(status).phrase


@every_operation()
def test_the_sentences_of_the_examples_are_those_of_the_service(operation: dict[str, Any]) -> None:
    sentences = {
        example["value"]["detail"]
        for part, _, media in contents(operation)
        if part.isdigit() and int(part) >= 400
        for example in media["examples"].values()
    }
    assert {sentence for sentence in sentences if not any(p.fullmatch(sentence) for p in known())} == set()


@cache
def known() -> list[re.Pattern[str]]:
    """All sentences that have a translation, ours and the frameworks', placeholders as wildcards."""
    catalogues = [Path(settings.BASE_DIR) / "locale/ko/LC_MESSAGES/django.mo"]
    for package in ("django/conf", "rest_framework", "rest_framework_simplejwt", "django/contrib/auth"):
        module = __import__(package.replace("/", "."), fromlist=["__file__"])
        catalogues += Path(str(module.__file__)).parent.glob("locale/ko*/LC_MESSAGES/django.mo")
    sentences = {
        sentence
        for catalogue in catalogues
        for entry in polib.mofile(str(catalogue))
        for sentence in (entry.msgid, entry.msgid_plural)
    }
    placeholder = re.compile(r"%(?:\(\w+\))?[sd]|\{\w+\}")
    return [
        re.compile(".+".join(map(re.escape, placeholder.split(sentence))))
        for sentence in sentences
        if sentence
    ]
