"""docs/errors.md lists every code that the service can answer with, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation
from drf_spectacular.generators import SchemaGenerator
from rest_framework import exceptions, serializers
from rest_framework_simplejwt import authentication, tokens
from rest_framework_simplejwt import exceptions as token_exceptions

from common import problems

ROOT = Path(settings.BASE_DIR)
ROOMS = ("common", "user", "portrait", "dormitory", "lounge", "demo", "config")
FORMS = ("user", "portrait", "dormitory", "lounge")
# One row of a table: the code, its status, its meaning.
ROW = re.compile(r"^\| `(?P<code>[a-z0-9_]+)` \| (?P<status>[0-9, ]+|–) \| (?P<meaning>.+) \|$", re.MULTILINE)

# The position of the code among the arguments of each call that raises or keeps one.
ARGUMENT = {
    "PortraitProblem": 0,
    "Problem": 0,
    "CardProblem": 0,
    "ErrorDetail": 1,
    "_fault": 1,
    "problem_response": 1,
    "fail": None,  # a field's, self.fail(code), or a job's, transitions.fail(job, code)
    "_end_attempt": 2,
    "TaskFailed": 0,
}


def documented() -> dict[str, set[int]]:
    """Every code of the page with its statuses; none for those that only a job or a command names."""
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    found: dict[str, set[int]] = {}
    for row in ROW.finditer(page):
        assert len(row["meaning"]) > 10, row["code"]
        statuses = set() if row["status"] == "–" else {int(number) for number in row["status"].split(",")}
        assert row["code"] not in found, f"{row['code']} is listed twice"
        found[row["code"]] = statuses
    return found


def constants(node: ast.expr) -> Iterator[str]:
    """The strings that an expression can be: itself, or either end of a condition or of ``a or b``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from constants(value)


def codes_of_call(node: ast.Call) -> Iterator[str]:
    for keyword in node.keywords:
        if keyword.arg == "code":
            yield from constants(keyword.value)
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in ARGUMENT:
        owner = getattr(getattr(node.func, "value", None), "id", "")
        place = ARGUMENT[name]
        if place is None:
            place = 1 if owner == "transitions" else 0
        if len(node.args) > place:
            yield from constants(node.args[place])


def codes_of_assignment(node: ast.Assign | ast.AnnAssign) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = {getattr(target, "id", getattr(target, "attr", "")) for target in targets}
    if names & {"code", "default_code"} and node.value is not None:
        yield from constants(node.value)
    # The tables of sentences by code, and of the framework's codes by ours.
    if names & {"MESSAGES", "_REFUSALS", "_TOKEN_SENTENCES"} and isinstance(node.value, ast.Dict):
        for key in node.value.keys:
            assert key is not None
            yield from constants(key)
    if "_CODES" in names and isinstance(node.value, ast.Dict):
        for value in node.value.values:
            yield from constants(value)


def codes_in(path: Path) -> set[str]:
    """Every code that a file of ours raises, by its syntax tree."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            found.update(codes_of_call(node))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found.update(codes_of_assignment(node))
    return found


def codes_raised() -> set[str]:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts]
    assert len(files) > 50
    return set().union(*map(codes_in, files))


def codes_of_forms() -> set[str]:
    """What the fields and the validators of everything that is sent to us may answer."""
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)
    # The views themselves check the forms with a photo or a clip, with codes of their own.
    forms = {
        name.removesuffix("Request").removeprefix("Patched")
        for name in schema["components"]["schemas"]
        if name.endswith("Request")
    } - {"Upload", "Clip"}
    modules = [import_module(f"{room}.serializers") for room in FORMS] + [import_module("user.tokens")]
    found: set[str] = set()
    for module in modules:
        for name in forms:
            form = getattr(module, f"{name}Serializer", None)
            if form is not None:
                found |= codes_of_field(form(context={}))
                forms = forms - {name}
    # simplejwt's own; a form with one string, as ours are.
    assert forms <= {"TokenBlacklist"}
    return found | codes_in(Path(str(password_validation.__file__)))


def codes_of_field(field: Any) -> set[str]:
    if field.read_only:
        return set()
    found = set(field.error_messages) | {
        code for validator in field.validators if (code := getattr(validator, "code", None))
    }
    children = list(field.fields.values()) if isinstance(field, serializers.Serializer) else []
    if isinstance(field, serializers.ListField):
        children.append(field.child)
    return found.union(*map(codes_of_field, children))


def codes_of_frameworks() -> set[str]:
    """What the REST framework and simplejwt raise by themselves."""
    found = {
        error.default_code
        for module in (exceptions, token_exceptions)
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, exceptions.APIException)
    }
    for module in (authentication, tokens):
        found |= codes_in(Path(str(module.__file__)))
    return found


def codes_in_use() -> set[str]:
    # The exception handler replaces these two codes.
    return (codes_raised() | codes_of_forms() | codes_of_frameworks()) - problems._CODES.keys()


def test_every_code_that_is_raised_is_documented() -> None:
    assert codes_in_use() - documented().keys() == set()


def test_no_documented_code_is_dead() -> None:
    assert documented().keys() - codes_in_use() == set()


def test_the_page_and_the_description_agree_on_the_status() -> None:
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)
    page = documented()
    described = {
        (fault["code"], int(status))
        for methods in schema["paths"].values()
        for operation in methods.values()
        for status, response in operation["responses"].items()
        if int(status) >= 400
        for example in response["content"][problems.CONTENT_TYPE]["examples"].values()
        for fault in (example["value"], *example["value"].get("errors", ()))
    }
    assert len(described) > 40
    assert {(code, status) for code, status in described if status not in page.get(code, ())} == set()


def test_a_new_code_would_be_found(tmp_path: Path) -> None:
    source = tmp_path / "room.py"
    source.write_text(
        "raise ValidationError('no', code='first')\n"
        "raise PortraitProblem('second')\n"
        "self.fail('third')\n"
        "transitions.fail(job, 'fourth' if late else 'fifth')\n"
        "class Sixth(APIException):\n    default_code = 'sixth'\n"
    )
    assert codes_in(source) == {"first", "second", "third", "fourth", "fifth", "sixth"}
