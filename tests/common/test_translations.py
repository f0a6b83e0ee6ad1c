"""Korean is complete: every sentence of the source stands in the catalogue, translated, and nothing else does."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize
from rest_framework import exceptions
from rest_framework.test import APIClient

from dormitory.serializers import EnrolSerializer, SortingFormSerializer
from lounge.serializers import WriteSerializer
from user.serializers import ConfirmSerializer, PasswordSerializer, SignUpSerializer
from user.tokens import PairSerializer, RefreshSerializer

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "locale" / "ko" / "LC_MESSAGES" / "django.po"
ROOMS = ("common", "demo", "config", "user", "portrait", "dormitory", "lounge", "templates")
HANGUL = re.compile("[가-힣]")

# How many of a function's arguments are sentences; those of pgettext come after a context.
SENTENCES = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
WITH_CONTEXT = {"pgettext": 1, "pgettext_lazy": 1, "npgettext": 2, "npgettext_lazy": 2}

Sentence = tuple[str | None, str]


def sentences_of_call(node: ast.Call, where: str) -> Iterator[Sentence]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in SENTENCES and name not in WITH_CONTEXT:
        return
    values = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
    context = str(values.pop(0)) if name in WITH_CONTEXT else None
    count = SENTENCES.get(name) or WITH_CONTEXT[name]
    # A sentence that is put together at run time is one that no catalogue can hold.
    assert len(values) >= count, f"{where}:{node.lineno}: {name}() of something that is no literal"
    # The catalogue's key is the singular.
    yield context, str(values[0])


def sentences_of_python(source: str, where: str) -> Iterator[Sentence]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            yield from sentences_of_call(node, where)


def sentences_of_template(source: str, where: str) -> Iterator[Sentence]:
    """Django turns a template into calls with other letters in between; the calls are Python."""
    call = re.compile(r"""\b(?:n?p?gettext|_)\((?:[^'"()]|u?'(?:\\.|[^'])*'|u?"(?:\\.|[^"])*")*\)""")
    for found in call.findall(templatize(source)):
        yield from sentences_of_python(found, where)


def sentences_of_the_source() -> set[Sentence]:
    found: set[Sentence] = set()
    files = 0
    for room in ROOMS:
        for path in (ROOT / room).rglob("*"):
            if path.suffix not in (".py", ".html", ".txt") or "migrations" in path.parts:
                continue
            read = sentences_of_python if path.suffix == ".py" else sentences_of_template
            found.update(read(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT))))
            files += 1
    assert files > 50
    return found


def sentences_of_the_catalogue() -> set[Sentence]:
    return {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(CATALOGUE)) if not entry.obsolete}


def test_every_sentence_of_the_source_is_in_the_catalogue() -> None:
    assert sentences_of_the_source() - sentences_of_the_catalogue() == set()


def test_the_catalogue_has_no_sentence_that_nobody_says() -> None:
    assert sentences_of_the_catalogue() - sentences_of_the_source() == set()


def test_a_new_sentence_would_be_found() -> None:
    python = "_('one')\nngettext('two', 'twos', n)\npgettext('month', 'May')\nlog('not this')"
    assert set(sentences_of_python(python, "")) == {(None, "one"), (None, "two"), ("month", "May")}
    template = (
        '{% load i18n %}{% translate "It\'s (here)" %}<b title="x">{{ _("four") }}</b>'
        "{% blocktranslate count n=n %}{{ n }} job{% plural %}{{ n }} jobs{% endblocktranslate %}"
        '{% translate "May" context "month" %}'
    )
    assert set(sentences_of_template(template, "")) == {
        (None, "It's (here)"),
        (None, "four"),
        (None, "%(n)s job"),
        ("month", "May"),
    }
    with pytest.raises(AssertionError, match="no literal"):
        list(sentences_of_python("_(name)", "room.py"))


def test_no_korean_sentence_is_missing_or_fuzzy() -> None:
    catalogue = polib.pofile(str(CATALOGUE))
    assert len(catalogue) > 50
    assert [entry.msgid for entry in catalogue.untranslated_entries() + catalogue.fuzzy_entries()] == []


def test_translations_keep_the_placeholders() -> None:
    placeholder = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")
    different = {
        entry.msgid
        for entry in polib.pofile(str(CATALOGUE))
        for text in [entry.msgstr, *entry.msgstr_plural.values()]
        if text
        and set(placeholder.findall(text)) != set(placeholder.findall(entry.msgid_plural or entry.msgid))
    }
    assert different == set()


def test_the_compiled_catalogue_is_the_written_one() -> None:
    def texts(entries: Any) -> dict[Sentence, Any]:
        return {
            (entry.msgctxt, entry.msgid): entry.msgstr_plural or entry.msgstr
            for entry in entries
            if not entry.obsolete
        }

    assert texts(polib.mofile(str(CATALOGUE.with_suffix(".mo")))) == texts(polib.pofile(str(CATALOGUE)))


def messages_of(field: Any) -> Iterator[str]:
    """All messages of a form and its fields, in the active language."""
    yield from map(str, field.error_messages.values())
    yield from (
        str(message) for validator in field.validators if (message := getattr(validator, "message", ""))
    )
    for child in getattr(field, "fields", {}).values():
        if not child.read_only:
            yield from messages_of(child)
    if hasattr(field, "child"):
        yield from messages_of(field.child)


@pytest.mark.parametrize(
    "form",
    [
        SignUpSerializer,
        PairSerializer,
        RefreshSerializer,
        PasswordSerializer,
        ConfirmSerializer,
        EnrolSerializer,
        SortingFormSerializer,
        WriteSerializer,
    ],
)
def test_forms_speak_korean_also_where_the_framework_speaks(form: Any) -> None:
    with translation.override("ko"):
        assert [message for message in messages_of(form(context={})) if not HANGUL.search(message)] == []


def test_the_frameworks_refusals_are_korean() -> None:
    with translation.override("ko"):
        kinds = [
            kind
            for kind in vars(exceptions).values()
            if isinstance(kind, type) and issubclass(kind, exceptions.APIException)
        ]
        assert [kind.__name__ for kind in kinds if not HANGUL.search(str(kind.default_detail))] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/user/", {}),
        ("POST", "/user/", {"fullname": "a", "username": "a" * 21, "password": "x"}),
        ("POST", "/user/", {"fullname": "루나", "username": "luna", "password": "1234"}),
        ("POST", "/user/", {"fullname": "루나", "username": "lu na", "password": "nargles-are-real"}),
        ("POST", "/user/api/token/", {"username": "nobody", "password": "nothing"}),
        ("POST", "/user/api/token/refresh/", {"refresh": "a.b.c"}),
        ("GET", "/user/me/", None),
        ("GET", "/user/", None),
        ("GET", "/nowhere/", None),
    ],
)
def test_answers_are_korean_by_default_and_english_on_request(
    method: str, path: str, body: dict[str, str] | None
) -> None:
    def sentences(language: str) -> list[str]:
        client = APIClient(headers={"Accept-Language": language} if language else {})
        sent = "" if body is None else json.dumps(body)
        problem = client.generic(method, path, sent, content_type="application/json").json()
        return [problem["detail"], *(entry["detail"] for entry in problem.get("errors", ()))]

    assert [text for text in sentences("") if not HANGUL.search(text)] == []
    assert [text for text in sentences("en") if HANGUL.search(text)] == []
