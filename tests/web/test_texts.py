"""The texts of the page: complete in every language, each one used, and never turned into markup."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from config.settings import BASE_DIR, LANGUAGES

WEB = BASE_DIR / "web"
CODES = [code for code, _name in LANGUAGES]
PLURAL = re.compile(r'(\w+): ("(?:[^"\\]|\\.)*")')


def table(language: str) -> dict[str, list[str]]:
    """The texts of each key: one, or one for each plural form."""
    source = (WEB / "i18n" / f"{language}.js").read_text()
    entries: dict[str, list[str]] = {}
    keys = re.findall(r'^  "([\w.-]+)":', source, re.MULTILINE)
    for key, value in re.findall(
        r'^  "([\w.-]+)":\s*(.+?),\n(?=  "|\n|\};|  //)', source, re.MULTILINE | re.DOTALL
    ):
        texts = [text for _form, text in PLURAL.findall(value)] if value.startswith("{") else [value]
        entries[key] = [json.loads(text) for text in texts]
    assert list(entries) == keys, "an entry is laid out in a way that this test cannot read"
    return entries


def scripts() -> list[Path]:
    return [path for path in WEB.rglob("*.js") if path.parent.name != "i18n"]


def test_the_page_offers_the_languages_of_the_server() -> None:
    source = (WEB / "i18n" / "languages.js").read_text()
    assert re.findall(r'^  (\w+): \{ name: "(.+)", texts: \1 \},$', source, re.MULTILINE) == LANGUAGES


@pytest.mark.parametrize("language", CODES)
def test_every_language_has_the_same_keys(language: str) -> None:
    assert set(table(language)) == set(table("en"))


@pytest.mark.parametrize("language", CODES)
def test_no_key_stands_twice(language: str) -> None:
    keys = re.findall(r'^  "([\w.-]+)":', (WEB / "i18n" / f"{language}.js").read_text(), re.MULTILINE)
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("language", CODES)
def test_every_language_fills_in_the_same_values(language: str) -> None:
    english = table("en")
    for key, texts in table(language).items():
        wanted = {name for text in english[key] for name in re.findall(r"\{(\w+)\}", text)}
        for text in texts:
            assert set(re.findall(r"\{(\w+)\}", text)) <= wanted, key
        assert {name for text in texts for name in re.findall(r"\{(\w+)\}", text)} == wanted, key


def test_every_text_that_a_page_asks_for_exists_and_none_is_left_over() -> None:
    source = "\n".join(path.read_text() for path in scripts())
    known = set(table("en"))
    quoted = set(re.findall(r'"([a-z]+\.[a-z][\w-]*)"', source))
    asked = set(re.findall(r'\bt\(\s*"([\w.-]+)"', source))
    assert asked <= known
    # `welcome.step-${step}` asks for all that begin and end like that.
    patterns = [
        re.compile(re.sub(r"\\\$\\\{[^}]*\\\}", r"[\\w-]+", re.escape(text)))
        for text in re.findall(r"`([a-z]+\.[^`\s]*\$\{[^`\s]*)`", source)
    ]
    left = {key for key in known - quoted if not any(pattern.fullmatch(key) for pattern in patterns)}
    assert left == set()


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.name)
def test_text_never_becomes_markup_or_code(path: Path) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc"
    )
    assert re.findall(forbidden, path.read_text()) == []


def test_nothing_is_loaded_from_elsewhere() -> None:
    for path in (path for path in WEB.rglob("*") if path.suffix in (".js", ".css", ".html", ".svg")):
        elsewhere = re.findall(r"https?://[^\s\"'`)]+", path.read_text())
        assert set(elsewhere) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, path.name
