"""``manage.py serve``: the API and the portrait workers side by side, until Ctrl-C; with Celery the API alone."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.listening import own_addresses
from portrait.queue import delivery

# A portrait takes seconds; the worker gives back what it cannot finish in this time, and then we insist.
STOP_SECONDS = 30.0
START_SECONDS = 60.0

NEXT = """
The school is open at {url}/  (Ctrl-C closes it)

  API documentation    {url}/docs/
  Admin                {url}/admin/   (make an account: .venv/bin/python manage.py createsuperuser)
  A portrait, no API   .venv/bin/python manage.py portrait PHOTO.jpg

Sign up, sign in, send a photo, watch it come alive:

  curl -s {url}/user/ -H 'Content-Type: application/json' -d '{{"fullname":"Luna","username":"luna","password":"a-good-long-one"}}'
  TOKEN=$(curl -s {url}/user/api/token/ -H 'Content-Type: application/json' -d '{{"username":"luna","password":"a-good-long-one"}}' | sed 's/.*"access":"\\([^"]*\\)".*/\\1/')
  curl -s {url}/user/main/ -H "Authorization: Bearer $TOKEN" -F pic=@PHOTO.jpg
  curl -s {url}/user/portrait/ -H "Authorization: Bearer $TOKEN"
"""  # noqa: E501 (a shell line that people copy must stay whole)


ELSEWHERE = """On a phone in the same network:

{urls}
  Browsers give a page the camera only over HTTPS or on this machine itself; over HTTP a photo is chosen or taken as a file.
"""  # noqa: E501


ELSEWHERE_MADE = """No worker runs here (PORTRAIT_QUEUE=celery): Celery's workers make the portraits.

  .venv/bin/celery -A config worker -B
"""


def welcome(host: str, port: int) -> str:
    """What can be done with a server that listens on ``host``, and from where."""
    addresses = own_addresses(host)
    here = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host
    text = NEXT.format(url=f"http://{here}:{port}")
    if not addresses:
        return text
    urls = "".join(f"  http://{address}:{port}/\n" for address in addresses)
    return f"{text}\n{ELSEWHERE.format(urls=urls)}"


def port_number(text: str) -> int:
    """An ``argparse`` type: 1 to 65535."""
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise ArgumentTypeError(f"{text!r} is not a port (1 to 65535)")
    return int(text)


class Command(BaseCommand):
    help = (
        "Serve the API and run the portrait workers until Ctrl-C; with PORTRAIT_QUEUE=celery the API alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=port_number, default=settings.PORT)
        parser.add_argument("--workers", type=int, default=settings.WORKERS, help="portrait processes")
        parser.add_argument("--threads", type=int, default=8, help="threads that answer requests")
        parser.add_argument(
            "--prepare", action="store_true", help="first bring the database up to date and seed it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        if options["workers"] < 1:
            raise CommandError("--workers must be at least 1", returncode=2)
        self.refuse_taken_port(host, port)
        if options["prepare"]:
            call_command("migrate", interactive=False, verbosity=0)
            call_command("seed", verbosity=0)
        commands = {
            "web": [
                *(sys.argv[0], "serve_api", "--host", host, "--port", str(port)),
                *("--threads", str(options["threads"])),
            ],
        }
        if not delivery.enabled():
            commands["worker"] = [sys.argv[0], "portrait_worker", "--processes", str(options["workers"])]
        stopping = False

        def stop(_signal: int, _frame: FrameType | None) -> None:
            nonlocal stopping
            stopping = True

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, stop)
        # Sessions of their own: Ctrl-C reaches this process alone, which then asks each part once.
        parts = {
            name: subprocess.Popen([sys.executable, *command], start_new_session=True)
            for name, command in commands.items()
        }
        try:
            if self.wait_until_open(host, port, parts, lambda: stopping):
                self.stdout.write(welcome(host, port))
                if delivery.enabled():
                    self.stdout.write(ELSEWHERE_MADE)
                self.stdout.flush()
            while not stopping and all(part.poll() is None for part in parts.values()):
                time.sleep(0.2)
        finally:
            dead = [name for name, part in parts.items() if part.poll() is not None]
            self.stop_all(parts)
        if dead and not stopping:
            raise CommandError(f"the {' and the '.join(dead)} stopped by itself; its last lines say why")
        self.stdout.write("closed")

    def refuse_taken_port(self, host: str, port: int) -> None:
        """One clear line instead of a server that retries for ever."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"cannot listen on {host}:{port} ({error.strerror}); choose another: PORT=8001 make run",
                    returncode=2,
                ) from None

    def wait_until_open(
        self, host: str, port: int, parts: dict[str, subprocess.Popen[bytes]], stopped: Callable[[], bool]
    ) -> bool:
        """Whether the API accepts connections before a signal stops the command or the time is over."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not stopped():
            if any(part.poll() is not None for part in parts.values()):
                return False
            try:
                socket.create_connection((host, port), timeout=1).close()
                return True
            except OSError:
                time.sleep(0.1)
        return False

    def stop_all(self, parts: dict[str, subprocess.Popen[bytes]]) -> None:
        """Ask each part to stop, wait, and kill what is left together with its children."""
        for part in parts.values():
            if part.poll() is None:
                part.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for part in parts.values():
            try:
                part.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(part.pid, signal.SIGKILL)
                part.wait()
