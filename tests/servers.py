"""Real servers for the tests, each with a folder and free ports of its own: PostgreSQL, Redis, RabbitMQ.

A server is a context manager. In between it can be killed and started again on the same port, with what it kept or
emptied.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

# Seconds for a server to answer; RabbitMQ needs several on a busy machine.
START_SECONDS = 90.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Server(ABC):
    """One server, running between ``__enter__`` and ``__exit__``. Tests are skipped where it is not installed."""

    program: str

    def __init__(self) -> None:
        if self.missing():
            pytest.skip(f"{self.program} is not installed")
        self.port = free_port()
        self.home = Path(tempfile.mkdtemp(prefix=f"{self.program}-"))

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients find it."""

    @abstractmethod
    def start(self) -> None:
        """Start the server, and wait until it answers."""

    @abstractmethod
    def kill(self) -> None:
        """End the server at once, without a farewell to its clients."""

    @abstractmethod
    def empty(self) -> None:
        """Forget all that the stopped server kept."""

    def missing(self) -> bool:
        return shutil.which(self.program) is None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)


class Process(Server):
    """A server that is one process in the foreground."""

    process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def answers(self) -> bool: ...

    def environment(self) -> dict[str, str]:
        return dict(os.environ)

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.home,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        process = self.process
        _wait(lambda: process.poll() is not None or self.answers(), self.program)
        assert process.poll() is None, (self.home / "log").read_text()[-2000:]

    def kill(self) -> None:
        if self.process is not None:
            # Its session: a shell script may stand between us and the server.
            _signal_group(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Keep its connections open and answer nothing, until :meth:`thaw`."""
        assert self.process is not None
        _signal_group(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        _signal_group(self.process.pid, signal.SIGCONT)


class Redis(Process):
    program = "redis-server"

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        return [
            *(self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.home)),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "always"),
        ]

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def empty(self) -> None:
        shutil.rmtree(self.home / "appendonlydir", ignore_errors=True)


class RabbitMQ(Process):
    program = "rabbitmq-server"
    # Debian's wrapper in the path runs as root or as rabbitmq only, and changes the user.
    script = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

    def __init__(self) -> None:
        super().__init__()
        self.ports = {"ERL_EPMD_PORT": free_port(), "RABBITMQ_DIST_PORT": free_port()}

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"

    def command(self) -> list[str]:
        return [str(self.script if self.script.exists() else self.program)]

    def environment(self) -> dict[str, str]:
        (self.home / "rabbitmq.conf").write_text(
            f"listeners.tcp.default = 127.0.0.1:{self.port}\n"
            "vm_memory_high_watermark.relative = 0.9\ndisk_free_limit.absolute = 1MB\n"
        )
        (self.home / "plugins").write_text("[].")
        return {
            **os.environ,
            **{name: str(port) for name, port in self.ports.items()},
            "HOME": str(self.home),  # of the cookie
            "RABBITMQ_NODENAME": f"test{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq.conf"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.home / "log.d"),
            # Its schedulers would otherwise spin on all cores.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as client:
                client.sendall(b"AMQP\x00\x00\x09\x01")
                return client.recv(1) == b"\x01"  # the frame of connection.start
        except OSError:
            return False

    def empty(self) -> None:
        shutil.rmtree(self.home / "mnesia", ignore_errors=True)

    def close(self) -> None:
        super().close()
        # The port mapper stays when its node is gone.
        port = str(self.ports["ERL_EPMD_PORT"])
        subprocess.run(["epmd", "-port", port, "-kill"], capture_output=True, timeout=20, check=False)


class PostgreSQL(Server):
    program = "postgresql"

    def __init__(self) -> None:
        super().__init__()
        # The server refuses to run as root.
        self.user = "postgres" if os.getuid() == 0 else None
        if self.user:
            os.chown(self.home, pwd.getpwnam(self.user).pw_uid, -1)
        self.call("initdb", "--auth=trust", "--username=school", "--no-sync")

    @classmethod
    def running(cls, home: Path, port: int) -> Self:
        """The server that another process has started, to restart it."""
        server = cls.__new__(cls)
        server.home, server.port = home, port
        server.user = "postgres" if os.getuid() == 0 else None
        return server

    @property
    def url(self) -> str:
        return f"postgres://school:none@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-p {self.port} -k {self.home} -c fsync=off"
        self.call("pg_ctl", "-w", "-l", str(self.home / "log"), "-o", options, "start")

    def kill(self) -> None:
        if (self.home / "data" / "postmaster.pid").exists():
            self.call("pg_ctl", "-m", "immediate", "stop")

    def empty(self) -> None:
        raise NotImplementedError

    def missing(self) -> bool:
        return self.programs() is None

    @staticmethod
    def programs() -> Path | None:
        """The folder of initdb and pg_ctl: Debian keeps them out of the path, by version."""
        if found := shutil.which("initdb"):
            return Path(found).parent
        return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)

    def call(self, program: str, *arguments: str) -> None:
        folder = self.programs()
        assert folder is not None
        subprocess.run(
            [folder / program, "-D", self.home / "data", *arguments],
            user=self.user,
            cwd=self.home,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )


def _wait(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what} does not answer"
        time.sleep(0.05)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
