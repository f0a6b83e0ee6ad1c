"""Lines of the log, as text and as JSON: whose they are, and what is never in them."""

from __future__ import annotations

import json
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from django.core import signing
from rest_framework_simplejwt.tokens import AccessToken

from common.logs.context import bound
from common.logs.formatters import JsonFormatter, LineFormatter


def record(message: str, *arguments: Any, **extra: Any) -> logging.LogRecord:
    made = logging.LogRecord(
        "school", logging.WARNING, __file__, 1, message, arguments, extra.pop("exc_info", None)
    )
    made.__dict__.update(extra)
    return made


def fault() -> Any:
    try:
        raise ValueError("the cause")
    except ValueError:
        return sys.exc_info()


def test_a_line_ends_with_what_it_belongs_to() -> None:
    with bound(request_id="0123456789", job=7):
        line = LineFormatter().format(record("job %s: begun", 7))
    assert line.endswith(" WARNING school: job 7: begun [request_id=0123456789 job=7]")
    assert LineFormatter().format(record("idle")).endswith(" WARNING school: idle")


def test_json_is_one_line_with_the_traceback_in_it() -> None:
    with bound(request_id="0123456789"):
        line = JsonFormatter().format(record("broken\nin two", exc_info=fault()))
    entry = json.loads(line)
    assert "\n" not in line
    assert (entry["level"], entry["logger"], entry["request_id"]) == ("WARNING", "school", "0123456789")
    assert entry["message"] == "broken\nin two" and "ValueError: the cause" in entry["error"]
    assert entry["time"][10] == "T" and entry["process"] > 0


def test_fields_are_bound_inside_only_and_empty_ones_not_at_all() -> None:
    with bound(request_id="outer-one"):
        with bound(request_id="", job=3):
            assert "[request_id=outer-one job=3]" in LineFormatter().format(record("x"))
        assert "job" not in LineFormatter().format(record("x"))


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()], ids=["line", "json"])
# The ids do not contain the texts: a token is another one in each process that runs tests.
@pytest.mark.parametrize(
    ("text", "secret"),
    ids=["token", "header", "signature", "url", "mail", "key", "row"],
    argvalues=[
        (str(AccessToken()), None),
        ("Authorization: Bearer abcdefghijkl", "abcdefghijkl"),
        (signing.TimestampSigner().sign("photos/5f0c-still.jpg"), None),
        ("postgres://owl:hedwig@db.school.example/school", "hedwig"),
        ("refused luna.lovegood@school.example", "luna.lovegood"),
        ("DETAIL:  Key (username)=(luna) already exists.", "(luna)"),
        ("DETAIL:  Failing row contains (1, luna, Luna Lovegood).", "Lovegood"),
    ],
)
def test_secrets_and_personal_data_are_replaced(
    formatter: logging.Formatter, text: str, secret: str | None
) -> None:
    line = formatter.format(record("refused: %s", text))
    assert (secret or text) not in line
    assert "[" in line


def test_a_request_is_logged_by_its_route() -> None:
    path = "/card/QmFzZTY0LXRva2Vu/"
    request = SimpleNamespace(path=path, resolver_match=SimpleNamespace(route="card/<str:token>/"))
    line = LineFormatter().format(record("%s: %s", "Gone", path, request=request))
    assert line.endswith("Gone: /card/<str:token>/")


def test_a_path_without_a_route_loses_its_long_parts() -> None:
    path = f"/old-card/{'a1' * 20}/wp-login.php"
    request = SimpleNamespace(path=path, resolver_match=None)
    line = LineFormatter().format(record("%s: %s", "Not Found", path, request=request))
    assert line.endswith("Not Found: /old-card/[...]/wp-login.php")
