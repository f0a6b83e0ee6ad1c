"""Readers of settings: each gives a checked value, or raises ImproperlyConfigured with one line."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Iterable
from email.utils import parseaddr
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

from portrait.engine.errors import ChoiceError, CredentialsError, EngineError
from portrait.engine.output.content_credentials import Signer
from portrait.engine.output.formats import chosen

env = environ.Env()

_SWITCH = {
    **dict.fromkeys(("on", "true", "yes", "1", "y", "t", "ok"), True),
    **dict.fromkeys(("off", "false", "no", "0", "n", "f"), False),
}
# A host with an optional port after the scheme, and nothing else.
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[^\s/:?#@\[\]]+)(:\d{1,5})?", re.IGNORECASE)
_HOST = re.compile(r"\*|\[[0-9a-fA-F:.]+\]|\.?[^\s/:?#@\[\]]+")


def read_file(path: Path) -> None:
    """Add the variables of a ``.env`` file, which need not exist, to the environment. Raises ImproperlyConfigured."""
    try:
        # Editors on Windows begin the file with a byte order mark.
        env.read_env(path, encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(
            f"{path.name} is not encoded in UTF-8; save it again in this encoding"
        ) from error


def _text(name: str, default: str) -> str:
    """The variable without spaces around it; one without a value, as programs pass it on, is not set."""
    return str(env.str(name, default="")).strip() or default


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of ``allowed`` from the environment. Raises ImproperlyConfigured."""
    value = _text(name, default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r}: choose one of {', '.join(allowed)}")
    return value


def check_name(name: str, value: str, known: Callable[[], Iterable[str]]) -> None:
    """Raises ImproperlyConfigured for a ``value`` that is neither ``random``, empty, nor one of the names.

    Names that cannot be read are the engine's fault, which it reports itself.
    """
    if value in ("", "random"):
        return
    try:
        names = list(known())
    except EngineError:
        return
    if value not in names:
        raise ImproperlyConfigured(f"{name}={value!r}: choose random or one of {', '.join(names)}")


def switch(name: str, default: bool) -> bool:
    """On or off; a variable without a value is not set. Raises ImproperlyConfigured."""
    text = _text(name, "")
    try:
        return _SWITCH[text.lower()] if text else default
    except KeyError:
        raise ImproperlyConfigured(f"{name}={text!r}: choose on or off") from None


def number(name: str, low: float, high: float, default: float) -> float:
    """A number from ``low`` to ``high`` from the environment. Raises ImproperlyConfigured."""
    text = _text(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name}={text!r}: a number from {low:g} to {high:g} is needed")
    return value


def whole(name: str, low: int, high: int, default: int) -> int:
    """A whole number from ``low`` to ``high``. Raises ImproperlyConfigured."""
    text = _text(name, str(default))
    if not re.fullmatch(r"[0-9]{1,10}", text) or not low <= int(text) <= high:
        raise ImproperlyConfigured(f"{name}={text!r}: a whole number from {low} to {high} is needed")
    return int(text)


def texts(name: str, default: list[str]) -> list[str]:
    """The texts between commas; spaces around them do not count."""
    return [text.strip() for text in env.list(name, default=default) if text.strip()]


def hosts(name: str, default: list[str]) -> list[str]:
    """Host names without scheme and port, such as ``school.example`` or ``[::1]``. Raises ImproperlyConfigured."""
    names = texts(name, default)
    for host in names:
        if not _HOST.fullmatch(host):
            raise ImproperlyConfigured(f"{name}={host!r}: a host is named without http:// and without a port")
    return names


def origins(name: str, default: list[str]) -> list[str]:
    """Schemes with hosts, such as ``https://front.example``; a last slash is cut. Raises ImproperlyConfigured."""
    found = [text.rstrip("/") for text in texts(name, default)]
    for origin in found:
        if not _ORIGIN.fullmatch(origin):
            raise ImproperlyConfigured(f"{name}={origin!r}: an origin is written as https://front.example")
    return found


def rate(name: str, default: str) -> str | None:
    """A limit such as ``20/hour``; None for ``off``. Raises ImproperlyConfigured."""
    # A limit without a value could be meant as none.
    value = str(env.str(name, default=default)).strip()
    if value == "off":
        return None
    if not re.fullmatch(r"[1-9]\d*/(second|minute|hour|day)", value):
        raise ImproperlyConfigured(
            f"{name}={value!r}: a number, a slash, and second, minute, hour or day; or off"
        )
    return value


def folder(name: str, default: Path) -> Path:
    """A folder, which need not exist yet. Raises ImproperlyConfigured for a file."""
    path = Path(env.str(name, default="") or default)
    if path.exists() and not path.is_dir():
        raise ImproperlyConfigured(f"{name}={str(path)!r}: this is no folder")
    return path


def file(name: str) -> Path | None:
    """A file that exists; None where the variable is not set. Raises ImproperlyConfigured."""
    text = env.str(name, default="")
    if text and not Path(text).is_file():
        raise ImproperlyConfigured(f"{name}={text!r}: there is no such file")
    return Path(text) if text else None


def pair_of_files(first: str, second: str) -> tuple[Path | None, Path | None]:
    """Two files that are set together or not at all. Raises ImproperlyConfigured."""
    found = {name: file(name) for name in (first, second)}
    missing = [name for name, path in found.items() if path is None]
    if len(missing) == 1:
        raise ImproperlyConfigured(f"{first} and {second} belong together: {missing[0]} is missing")
    return found[first], found[second]


def signing(files: tuple[Path | None, Path | None]) -> tuple[Path | None, Path | None]:
    """The certificate and the key, after a trial of them; or neither. Raises ImproperlyConfigured."""
    certificate, key = files
    if certificate and key:
        try:
            Signer(certificate, key)
        except CredentialsError as error:
            raise ImproperlyConfigured(
                f"C2PA_CERTIFICATE and C2PA_KEY cannot be used: {error.detail}"
            ) from error
    return files


def formats(name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the formats to make, those that are always made among them. Raises ImproperlyConfigured."""
    names = texts(name, list(default))
    try:
        return tuple(row.name for row in chosen(names))
    except ChoiceError as error:
        raise ImproperlyConfigured(f"{name}={','.join(names)!r}: {error.detail}") from error


def database(name: str, default: str) -> dict[str, Any]:
    """Django's description of a database's URL. Raises ImproperlyConfigured, without the URL and its password."""
    text = env.str(name, default="") or default
    found: dict[str, Any] = {}
    if re.match(r"(sqlite|postgres(ql)?|psql|pgsql)://", text):
        with contextlib.suppress(ValueError):
            found = env.db_url_config(text)
    if not found.get("NAME"):
        raise ImproperlyConfigured(
            f"{name}: write sqlite:///file.sqlite3 or postgres://user:password@host/name"
            " (special characters of the password as %XX)"
        )
    return found


def cache(name: str) -> dict[str, Any] | None:
    """Django's description of a cache's URL; None where the variable is not set. Raises ImproperlyConfigured."""
    text = env.str(name, default="")
    if not text:
        return None
    try:
        found: dict[str, Any] = env.cache_url_config(text)
    except (ValueError, KeyError, ImproperlyConfigured):
        raise ImproperlyConfigured(f"{name}: write redis://host:6379/0 or dbcache://table") from None
    if "redis" in found["BACKEND"].lower() and find_spec("redis") is None:
        raise ImproperlyConfigured(f"{name}: the package redis is missing (.venv/bin/pip install redis)")
    return found


def broker(name: str) -> str:
    """The URL of Celery's broker, or ``""``. Raises ImproperlyConfigured, without the URL and its password."""
    text = env.str(name, default="").strip()
    if text and not re.match(r"(rediss?|amqps?)://[^/]", text):
        raise ImproperlyConfigured(
            f"{name}: write redis://host:6379/0 or amqp://user:password@host:5672//"
            " (special characters of the password as %XX)"
        )
    return text


# The ports on which mail servers take letters by each protocol.
_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465, "smtp+ssl": 465}
_SMTP = "django.core.mail.backends.smtp.EmailBackend"
_CONSOLE = "django.core.mail.backends.console.EmailBackend"


def mail(name: str) -> dict[str, Any]:
    """Django's settings of the mail server in a URL; empty where the variable is not set.

    Raises ImproperlyConfigured, without the URL, which has a password.
    """
    text = env.str(name, default="")
    if not text:
        return {}
    if text == "consolemail://":
        return {"EMAIL_BACKEND": _CONSOLE}
    try:
        # It knows how user names with an @ and passwords with %XX are read.
        found = env.email_url_config(text)
        scheme, port = urlsplit(text).scheme, urlsplit(text).port
    except (ValueError, ImproperlyConfigured):
        found, scheme, port = {}, "", None
    if scheme not in _MAIL_PORTS or not found["EMAIL_HOST"]:
        raise ImproperlyConfigured(
            f"{name}: write smtp+tls://user:password@host:587, smtp+ssl://…, smtp://… or consolemail://"
        )
    return {
        "EMAIL_BACKEND": _SMTP,
        "EMAIL_HOST": found["EMAIL_HOST"],
        "EMAIL_PORT": port or _MAIL_PORTS[scheme],
        "EMAIL_HOST_USER": found["EMAIL_HOST_USER"] or "",
        "EMAIL_HOST_PASSWORD": found["EMAIL_HOST_PASSWORD"] or "",
        "EMAIL_USE_TLS": scheme == "smtp+tls",
        "EMAIL_USE_SSL": scheme in ("smtps", "smtp+ssl"),
        # Seconds; a server that is away must not hold a thread for minutes.
        "EMAIL_TIMEOUT": 10,
    }


def sender(name: str, mail_settings: dict[str, Any]) -> str:
    """The sender of e-mails: the variable, or the user of the mail server. Raises ImproperlyConfigured.

    Without a mail server none is needed.
    """
    text = env.str(name, default="").strip()
    value = text or mail_settings.get("EMAIL_HOST_USER", "")
    if text or mail_settings.get("EMAIL_BACKEND") == _SMTP:
        try:
            validate_email(parseaddr(value)[1])
        except ValidationError:
            raise ImproperlyConfigured(
                f"{name}={text!r}: the address of the sender is needed, such as School <school@example.org>"
            ) from None
    return str(value)
