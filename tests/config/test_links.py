"""Relative links and pictures in the Markdown files lead to files of the repository, and anchors to headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)|<img src=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    folders = ("checkpoints", "deploy", "docs")
    return sorted([*ROOT.glob("*.md"), *(page for name in folders for page in (ROOT / name).rglob("*.md"))])


def anchors(page: Path) -> set[str]:
    """The names under which the headings of a page can be linked to, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(page: Path, text: str) -> Iterator[str]:
    """The links in ``text``, which stands in ``page``, that lead nowhere."""
    for link in ("".join(groups) for groups in LINK.findall(FENCE.sub("", text))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        inside = target.exists() and ROOT in target.resolve().parents
        if not inside or (anchor and anchor not in anchors(target)):
            yield link


def test_the_readme_and_the_other_pages_are_found() -> None:
    found = {page.relative_to(ROOT).as_posix() for page in pages()}
    assert found >= {"README.md", "docs/errors.md", "checkpoints/motion.md"}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert list(broken(page, page.read_text(encoding="utf-8"))) == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    page = ROOT / "docs" / "errors.md"
    text = "[a](openapi.yaml) [b](nothing.md) [c](#signing-in) [d](#nothing) [e](https://x.example/y) ![f](no.png)"
    assert list(broken(page, text)) == ["nothing.md", "#nothing", "no.png"]


def test_the_files_that_the_guides_name_exist() -> None:
    named = re.compile(r"`([a-z.][\w.-]*/[\w./-]*)`")
    for name in ("CONTRIBUTING.md", "README.md", "docs/architecture.md", "docs/training.md"):
        text = FENCE.sub("", (ROOT / name).read_text(encoding="utf-8"))
        paths = named.findall(text)
        assert paths, name
        # Folders of the engine are named without the way to them.
        places = (ROOT, ROOT / "portrait" / "engine")
        assert [path for path in paths if not any((place / path).exists() for place in places)] == [], name
