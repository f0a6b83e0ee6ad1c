"""What the tests of the Celery worker share: real workers on a real broker."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.portrait.kit import QUICK, Workers

# Neither gossip nor mingle, which cost a second at the start.
PLAIN = ("--without-gossip", "--without-mingle", "--without-heartbeat")


class CeleryWorkers(Workers):
    """Workers and beat on one broker."""

    def __init__(self, folder: Path, broker: str) -> None:
        super().__init__(folder)
        self.broker = broker

    def celery(self, *arguments: str, options: dict[str, Any], **variables: str) -> subprocess.Popen[bytes]:
        chosen = {key: value for key, value in {**QUICK, **options}.items() if key != "poll"}
        return self.spawn(
            ["-m", "celery", "-A", "tests.portrait.faulty_celery", *arguments],
            PORTRAIT_QUEUE="celery",
            CELERY_BROKER_URL=self.broker,
            FAULTS_OPTIONS=json.dumps(chosen),
            **variables,
        )

    def worker(
        self,
        *arguments: str,
        concurrency: int = 1,
        log_level: str = "INFO",
        environment: dict[str, str] | None = None,
        **options: Any,
    ) -> subprocess.Popen[bytes]:
        """A worker, which has a beat of its own where ``-B`` is among the arguments."""
        command = ("worker", "--concurrency", str(concurrency), *PLAIN, *arguments)
        return self.celery(*command, options=options, LOG_LEVEL=log_level, **(environment or {}))
