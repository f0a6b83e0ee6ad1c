"""What the commands that use the engine share: a fault of the engine is one line and exit status 2."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portrait.engine.errors import EngineError

# As argparse exits for arguments that it does not understand: the input is at fault, not the program.
BAD_INPUT = 2
INTERRUPTED = 130


class EngineCommand(BaseCommand):
    """A command whose EngineErrors are told to a person: ``error: ... [code]`` on stderr, and exit status 2.

    Called from Python, the command raises CommandError with the same message.
    """

    requires_system_checks: list[str] = []  # works without a database and before any migration
    from_command_line = False

    def run_from_argv(self, argv: list[str]) -> None:
        self.from_command_line = True
        super().run_from_argv(argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except EngineError as error:
            if not self.from_command_line or options.get("traceback"):
                raise CommandError(error.detail, returncode=BAD_INPUT) from error
            self.stderr.write(f"error: {error.detail} [{error.code}]")
            sys.exit(BAD_INPUT)
        except KeyboardInterrupt:
            if not self.from_command_line:
                raise
            sys.exit(INTERRUPTED)


def write_result(path: Path, content: bytes) -> str:
    """Write a file, its folder first; returns the line that tells so. Raises EngineError ``storage_unavailable``."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise EngineError(f"{error.filename}: {error.strerror}", code="storage_unavailable") from error
    return f"{path} ({len(content) / 1000:.0f} kB)"
