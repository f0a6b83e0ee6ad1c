"""A secret key that could be guessed stops the start, outside of DEBUG."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from config.secret import kept_secret, weakness_of
from tests.config.kit import check


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("secret", "fewer than 32 characters"),
        (secrets.token_urlsafe(50)[:31], "fewer than 32 characters"),
        ("ab" * 40, "different characters"),
        ("django-insecure-" + secrets.token_urlsafe(50), "django-insecure-"),
    ],
    ids=["a word", "31 characters", "two characters", "startproject"],
)
def test_a_weak_key_stops_the_start_with_one_line(secret: str, reason: str) -> None:
    process = check(SECRET_KEY=secret, DEBUG="off")
    assert process.returncode != 0
    (line,) = process.stderr.strip().splitlines()
    assert line.startswith("ImproperlyConfigured: SECRET_KEY is weak")
    assert reason in line
    assert secret not in line
    assert check(SECRET_KEY=secret, DEBUG="on").returncode == 0


def test_a_strong_key_starts() -> None:
    process = check(SECRET_KEY=secrets.token_urlsafe(24), DEBUG="off")
    assert process.returncode == 0, process.stderr


def test_the_generated_key_is_strong(tmp_path: Path) -> None:
    assert weakness_of(kept_secret(tmp_path / "key")) == ""
