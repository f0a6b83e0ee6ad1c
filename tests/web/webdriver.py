"""Firefox and WebKit, driven without a package: Marionette is Firefox's own protocol, WebDriver that of WebKitGTK.

Both take the same commands in another wrapping. Neither passes on what a page logs, so that :meth:`Driver.open` has
the page itself note its errors.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

from demo.browser import NoBrowser, free_port

SIZE = (1280, 885)
START_SECONDS = 30.0
# Seconds: far more than anything takes but a portrait, for slow machines.
PATIENCE = 40.0
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
_LISTEN = """
window.complaints ??= (() => {
  const complaints = [];
  addEventListener("error", ({message}) => message && complaints.push(message));
  addEventListener("unhandledrejection", ({reason}) => complaints.push(String(reason)));
  document.addEventListener("securitypolicyviolation", (event) => complaints.push(event.violatedDirective));
  return complaints;
})();
"""
_SHOWN = (
    "return [...document.querySelectorAll(arguments[0])].find((each) => each.getClientRects().length) ?? null"
)


class WebDriverError(Exception):
    """The browser refused a command; the message is its own."""


class Driver(ABC):
    """One window. ``find`` and what uses it wait for the element."""

    @abstractmethod
    def command(self, name: str, path: str, **values: Any) -> Any:
        """Send a command: its name in Marionette, its path in WebDriver. Raises WebDriverError."""

    @abstractmethod
    def close(self) -> None:
        """End the browser and delete its profile."""

    def open(self, url: str) -> None:
        self.command("WebDriver:Navigate", "POST /url", url=url)
        self.run(_LISTEN)

    def run(self, script: str, *values: Any) -> Any:
        """What ``script``, a function's body, returns for ``values`` as its ``arguments``."""
        return self.command("WebDriver:ExecuteScript", "POST /execute/sync", script=script, args=list(values))

    def find(self, selector: str, seconds: float = PATIENCE) -> str:
        """The first element that is shown. Raises TimeoutError."""
        return str(self.wait(lambda: self.run(_SHOWN, selector), selector, seconds)[_ELEMENT])

    def click(self, selector: str) -> None:
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", {_ELEMENT: element})
        self.command("WebDriver:ElementClick", f"POST /element/{element}/click", id=element)

    def fill(self, selector: str, text: str) -> None:
        self._type(self.find(selector), text)

    def choose_file(self, selector: str, file: Path) -> None:
        """A field for files may be hidden behind its label."""
        found = self.wait(lambda: self.run("return document.querySelector(arguments[0])", selector), selector)
        self._type(found[_ELEMENT], str(file))

    def _type(self, element: str, text: str) -> None:
        self.command("WebDriver:ElementSendKeys", f"POST /element/{element}/value", id=element, text=text)

    def walk(self, hash_: str) -> None:
        """Go to another room without loading the page."""
        self.run("location.hash = arguments[0]", hash_)
        self.find("main:not([aria-busy]) h1")

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
        """The first true value of ``condition``. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.1)
        shown = self.run("return location.href + ' ' + document.body.innerText")
        raise TimeoutError(f"{what} did not come: {shown}")

    def picture(self, file: Path) -> None:
        """Keep what the window shows."""
        file.write_bytes(
            b64decode(self.command("WebDriver:TakeScreenshot", "GET /screenshot", full=False, id=None))
        )

    @property
    def complaints(self) -> list[str]:
        """Errors that nothing caught, and what breaks the content policy, since the page was opened."""
        return list(self.run("return window.complaints"))


class Firefox(Driver):
    """Headless, where it has no WebGL. Raises NoBrowser where it is missing."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        if program is None:
            raise NoBrowser("no Firefox (apt install firefox-esr)")
        port = free_port()
        settings = {"marionette.port": port, "intl.accept_languages": "en-US"}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
        (folder / "user.js").write_text("\n".join(lines))
        width, height = SIZE
        self._process = subprocess.Popen(
            [
                program,
                *("--headless", f"--width={width}", f"--height={height}"),
                *("--marionette", "--no-remote", "--profile", str(folder)),
            ],
            env={**os.environ, "HOME": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._socket = connect(port, self._process)
        self._received, self._number = b"", 0
        try:
            self._message()  # its greeting
            self.command("WebDriver:NewSession", "")
        except BaseException:
            self.close()
            raise

    def command(self, name: str, path: str, **values: Any) -> Any:
        self._number += 1
        data = json.dumps([0, self._number, name, values]).encode()
        self._socket.sendall(b"%d:%b" % (len(data), data))
        _, _, error, answer = self._message()
        if error:
            raise WebDriverError(error["message"])
        return answer.get("value")

    def _message(self) -> Any:
        while b":" not in self._received:
            self._receive()
        size, _, self._received = self._received.partition(b":")
        while len(self._received) < int(size):
            self._receive()
        data, self._received = self._received[: int(size)], self._received[int(size) :]
        return json.loads(data)

    def _receive(self) -> None:
        data = self._socket.recv(1 << 16)
        if not data:
            raise WebDriverError("Firefox has ended")
        self._received += data

    def close(self) -> None:
        self._socket.close()
        end(self._process)


class WebKit(Driver):
    """WebKitGTK's MiniBrowser on a screen of its own. Raises NoBrowser where a part is missing."""

    def __init__(self, folder: Path) -> None:
        parts = {"WebKitWebDriver": "webkit2gtk-driver", "Xvfb": "xvfb"}
        for program, package in parts.items():
            if shutil.which(program) is None:
                raise NoBrowser(f"no {program} (apt install {package})")
        self._screen, number = screen()
        port = free_port()
        self._process = subprocess.Popen(
            ["WebKitWebDriver", f"--port={port}"],
            # Without its compositor's thread, which now and then crashed in Mesa's software driver. WebKit's sandbox
            # does not work as root, the usual user in containers.
            env={
                **os.environ,
                "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
                "DISPLAY": f":{number}",
                "HOME": str(folder),
                "LANG": "C.UTF-8",
                "LANGUAGE": "en",
                **({"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"} if os.geteuid() == 0 else {}),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._session, self._url = "", f"http://127.0.0.1:{port}"
        try:
            connect(port, self._process).close()
            found = self.command("", "POST /session", capabilities={})
            self._session = f"/session/{found['sessionId']}"
        except BaseException:
            self.close()
            raise

    def command(self, name: str, path: str, **values: Any) -> Any:
        method, _, rest = path.partition(" ")
        body = json.dumps(values).encode() if method == "POST" else None
        request = urllib.request.Request(self._url + self._session + rest, body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=2 * PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise WebDriverError(json.load(error)["value"]["message"]) from error

    def close(self) -> None:
        try:
            if self._session:
                self.command("", "DELETE ")  # ends the browser
        finally:
            end(self._process)
            end(self._screen)


def connect(port: int, process: subprocess.Popen[bytes]) -> socket.socket:
    """A connection to ``port`` as soon as ``process`` listens there. Raises NoBrowser."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=2 * PATIENCE)
        except OSError:
            time.sleep(0.1)
    raise NoBrowser(f"{process.args!r} does not listen")


def screen() -> tuple[subprocess.Popen[bytes], int]:
    """A virtual screen, and its number, which Xvfb chooses."""
    reading, writing = os.pipe()
    width, height = SIZE
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24"],
        pass_fds=[writing],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as lines:
        return process, int(lines.readline())


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
