"""Each kind of setting names itself in one line where its value is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import values
from tests.config.kit import check
from tests.paths import ROOT

Reader = Callable[[str], Any]

switch: Reader = partial(values.switch, default=True)
whole: Reader = partial(values.whole, low=1, high=65535, default=8000)
rate: Reader = partial(values.rate, default="10/minute")
choice: Reader = partial(values.choice, allowed=("a", "b"), default="a")
number: Reader = partial(values.number, low=0.5, high=1.5, default=1.0)
hosts: Reader = partial(values.hosts, default=[])
origins: Reader = partial(values.origins, default=[])
database: Reader = partial(values.database, default="sqlite:///a.sqlite3")
folder: Reader = partial(values.folder, default=Path("media"))


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        *((switch, text) for text in ("yess", "2", "an")),
        *(
            (whole, text)
            for text in ("eighty", "0", "65536", "-1", "1.5", "٨", "1e3", "99999999999999999999")
        ),
        *((rate, text) for text in ("", "10", "10/week", "0/hour", "-1/hour")),
        *((choice, text) for text in ("c", "A", "a b")),
        *((number, text) for text in ("nan", "inf", "2", "x")),
        *((hosts, text) for text in ("http://a.example", "a.example:8000", "a, b/c", "a b")),
        *(
            (origins, text)
            for text in ("front.example", "https://a/b", "ftp://a", "https://", "*", "https://u@a")
        ),
        *(
            (database, text)
            for text in ("postgres", "mysql://a/b", "postgres://u:p@h:x/d", "sqlite", "postgres://h")
        ),
        *((values.cache, text) for text in ("redis", "foo://x", "dbcache")),
        *(
            (values.mail, text)
            for text in ("mail.example", "smtp://", "smtp://h:x", "http://h", "filemail:///tmp")
        ),
        (values.file, "/no/such/file"),
        (folder, __file__),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_the_setting(
    read: Reader, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_SETTING", wrong)
    with pytest.raises(ImproperlyConfigured) as refused:
        read("THE_SETTING")
    assert str(refused.value).startswith("THE_SETTING")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        *((switch, text, True) for text in ("on", "TRUE", "Yes", "1", "")),
        *((switch, text, False) for text in ("off", "false", "No", "0", " off ")),
        *((whole, text, value) for text, value in ((" 9000 ", 9000), ("", 8000), (" ", 8000))),
        *((rate, text, value) for text, value in ((" 5/hour ", "5/hour"), ("off ", None))),
        *((choice, text, value) for text, value in ((" b ", "b"), ("", "a"))),
        *((number, text, value) for text, value in ((" 1.5 ", 1.5), ("", 1.0))),
        (hosts, "a.example, .b.example ,[::1],*", ["a.example", ".b.example", "[::1]", "*"]),
        (
            origins,
            "https://a.example/, http://localhost:5173",
            ["https://a.example", "http://localhost:5173"],
        ),
        (folder, "", Path("media")),
        (values.file, "", None),
        (values.cache, "", None),
        (values.mail, "", {}),
    ],
)
def test_a_right_value_is_read(
    read: Reader, text: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_SETTING", text)
    assert read("THE_SETTING") == value


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "tls", "ssl"),
    [
        (
            "smtp+tls://me%40school.example:pa%2Fss@mail.example",
            "mail.example",
            587,
            "me@school.example",
            True,
            False,
        ),
        ("smtp+ssl://u:p@mail.example", "mail.example", 465, "u", False, True),
        ("smtp://mail.example:2525", "mail.example", 2525, "", False, False),
    ],
)
def test_a_mail_server_is_read_with_the_port_of_its_protocol(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str, port: int, user: str, tls: bool, ssl: bool
) -> None:
    monkeypatch.setenv("THE_SETTING", url)
    found = values.mail("THE_SETTING")
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_HOST_USER"]) == (host, port, user)
    assert (found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (tls, ssl)


@pytest.mark.parametrize(
    ("url", "text", "sender"),
    [
        ("", "", ""),
        ("consolemail://", "", ""),
        ("smtp://me%40school.example:p@mail.example", "", "me@school.example"),
        ("smtp://apikey:p@mail.example", "School <school@a.example>", "School <school@a.example>"),
        ("smtp://mail.example", "", None),
        ("smtp://apikey:p@mail.example", "", None),
        ("smtp://me%40school.example:p@mail.example", "School", None),
        ("", "not an address", None),
    ],
)
def test_a_mail_server_needs_a_sender_with_an_address(
    monkeypatch: pytest.MonkeyPatch, url: str, text: str, sender: str | None
) -> None:
    monkeypatch.setenv("THE_SERVER", url)
    monkeypatch.setenv("THE_SENDER", text)
    server = values.mail("THE_SERVER")
    if sender is None:
        with pytest.raises(ImproperlyConfigured, match=r"^THE_SENDER=[^\n]+ is needed[^\n]*$"):
            values.sender("THE_SENDER", server)
    else:
        assert values.sender("THE_SENDER", server) == sender


def test_a_wrong_value_never_shows_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for read, url in ((database, "mysql://u:secret@h/d"), (values.mail, "smtp://u:secret@h:port")):
        monkeypatch.setenv("THE_SETTING", url)
        with pytest.raises(ImproperlyConfigured) as refused:
            read("THE_SETTING")
        assert "secret" not in str(refused.value)


@pytest.mark.parametrize(("variable", "right"), [("PORTRAIT_STYLE", "udnie"), ("PORTRAIT_MOTION", "nod")])
def test_a_style_or_motion_that_does_not_exist_stops_the_start(variable: str, right: str) -> None:
    known = [right, "another"]
    for fine in (right, "random", ""):
        values.check_name(variable, fine, lambda: known)
    with pytest.raises(ImproperlyConfigured, match=f"{variable}='crayon': choose random or one of {right}"):
        values.check_name(variable, "crayon", lambda: known)
    process = check(**{variable: "crayon"})
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert right in line


def test_a_file_of_settings_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("# 학교\nPORT=9777\n".encode("utf-16"))
    with pytest.raises(ImproperlyConfigured, match="UTF-8"):
        values.read_file(tmp_path / ".env")


def test_a_wrong_value_ends_a_command_with_status_2_and_a_wsgi_server_at_once() -> None:
    process = check(WORKERS="many")
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith("ImproperlyConfigured: WORKERS='many'")
    served = subprocess.run(
        [sys.executable, "-c", "import config.wsgi"],
        cwd=ROOT,
        env={**os.environ, "NUM_PROXIES": "one"},
        capture_output=True,
        text=True,
    )
    # gunicorn's own status for a worker that cannot start.
    assert served.returncode == 3
    (line,) = served.stderr.splitlines()
    assert line.startswith("ImproperlyConfigured: NUM_PROXIES='one'")
