"""One school and one browser for all tests of the page; each test has a visitor with a fresh profile."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.browser import NoBrowser, School, chromium, running_school
from tests.conftest import PASSWORD
from tests.web.kit import DESKTOP, Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Skips without Chromium. Not for the whole session: Playwright's event loop would hinder others' database."""
    try:
        with chromium() as browser:
            yield browser
    except NoBrowser as error:
        pytest.skip(str(error))


@pytest.fixture(scope="package")
def school(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """The real server with its painters and weights, and four students ``demo1-00001`` ... who wrote six entries."""
    demo = ("--students", "4", "--entries", "6", "--portraits", "0", "--password", PASSWORD)
    # Small portraits, which are made sooner.
    with running_school(tmp_path_factory.mktemp("school"), seed_demo=demo, PORTRAIT_SIZE="256") as school:
        yield school


@pytest.fixture(scope="package")
def crowded_school(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """500 students with portraits of the demo's faces, and no painters."""
    demo = ("--students", "500", "--entries", "60", "--portraits", "2", "--password", PASSWORD)
    folder = tmp_path_factory.mktemp("crowded")
    with running_school(folder, seed_demo=demo, command="serve_api", PORTRAIT_SIZE="256") as school:
        yield school


@pytest.fixture
def pictures(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where this test's screenshots go: below ``WEB_PICTURES`` to keep them, else away after the test."""
    kept = os.environ.get("WEB_PICTURES")
    name = re.sub(r"\W+", "-", request.node.name).strip("-")
    folder = Path(kept) / name if kept else tmp_path / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def visit(browser: Browser, school: School, pictures: Path) -> Iterator[Callable[..., Visitor]]:
    """``visit(language="en", **device)`` opens a browser profile; at the end no page may have logged an error."""
    visitors: list[Visitor] = []

    def open_profile(language: str = "en", **device: object) -> Visitor:
        context = browser.new_context(locale={"ko": "ko-KR", "en": "en-US"}[language], **(device or DESKTOP))
        visitors.append(Visitor(context, school.url, pictures))
        return visitors[-1]

    yield open_profile
    for visitor in visitors:
        visitor.context.close()
        assert visitor.complaints == []
