"""A temporary school and a browser that visits it, for the browser tests and the README's screenshots.

The browser is Debian's Chromium, or the one that ``CHROMIUM`` names; Playwright drives it and is imported only here,
when it is needed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 60.0
STOP_SECONDS = 40.0
# Two simulated cameras without a permission prompt.
FLAGS = ("--use-fake-device-for-media-stream=device-count=2", "--use-fake-ui-for-media-stream")


class NoBrowser(Exception):
    """The browser or Playwright is missing; the message names which."""


@dataclass(frozen=True)
class School:
    """A running server with its own database, media folder and secret key."""

    url: str
    environment: dict[str, str]
    pid: int

    def manage(self, *command: str) -> None:
        """Run a ``manage.py`` command in this school. Raises CalledProcessError."""
        manage(self.environment, *command)


def manage(environment: dict[str, str], *command: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=settings.BASE_DIR,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def free_port() -> int:
    """A TCP port of this machine that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_school(
    folder: Path, *, seed_demo: tuple[str, ...] | None, command: str = "serve", **variables: str
) -> Iterator[School]:
    """``manage.py serve`` (or ``serve_api``) on a free port of this machine, with everything in ``folder``.

    ``seed_demo`` are the options with which students are invented; None for no students. Limits are off;
    ``variables`` are further environment variables. The server's output goes to ``folder/serve.log``.
    Raises TimeoutError when it does not open.
    """
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "MEDIA_ROOT": str(folder / "media"),
        "SECRET_KEY": "a-key-for-a-school-that-lives-for-a-minute-or-two",
        "THROTTLES": "off",
        **variables,
    }
    (folder / "media").mkdir(exist_ok=True)
    manage(environment, "migrate", "--verbosity", "0")
    manage(environment, "seed", "--verbosity", "0")
    if seed_demo is not None:
        manage(environment, "seed_demo", *seed_demo)
    with (folder / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "manage.py", command, "--port", str(port)],
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_for_port(port, server)
            yield School(f"http://127.0.0.1:{port}", environment, server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(STOP_SECONDS)


def wait_for_port(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when ``server`` accepts connections. Raises TimeoutError."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"the server did not open port {port}; its log says why")


def chromium_path() -> str:
    """The browser's program. Raises NoBrowser."""
    named = os.environ.get("CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise NoBrowser(
            f"{named} is no program" if named else "no Chromium (apt install chromium, or CHROMIUM=...)"
        )
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser. Raises NoBrowser where Playwright or Chromium is missing."""
    program = chromium_path()
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise NoBrowser("no Playwright (pip install -r requirements-dev.txt)") from error
    # Chromium's sandbox does not work as root, the usual user in containers.
    sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS, *sandbox])
        try:
            yield browser
        finally:
            browser.close()
