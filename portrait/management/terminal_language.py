"""The language in which a command speaks to the person at the terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.conf import settings
from django.utils import translation

# As gettext(3) and the POSIX locale look for the language of messages; the first one that is set decides.
_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def terminal_language(environment: Mapping[str, str] = os.environ) -> str:
    """The code of one of ``settings.LANGUAGES``; English where the terminal has none of them, or none at all."""
    known = dict(settings.LANGUAGES)
    chosen = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    # LANGUAGE lists several: ko_KR.UTF-8:en.
    for wish in chosen.split(":"):
        code = wish.partition(".")[0].partition("@")[0].replace("_", "-").lower()
        for form in (code, code.partition("-")[0]):
            if form in known:
                return form
    return "en"


@contextmanager
def in_the_terminals_language() -> Iterator[None]:
    """Translate to it, where a command would otherwise speak the site's language."""
    with translation.override(terminal_language()):
        yield
