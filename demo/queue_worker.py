"""A worker whose portraits take as long as is asked for: ``python -m demo.queue_worker``.

Queue, leases, processes and files are those of the real workers. ``QUEUE_WORKER_SECONDS`` is the time of a portrait,
``WORKERS`` the number of children.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

from portrait.engine.output.formats import FORMATS
from portrait.engine.request import PortraitRequest
from portrait.worker.messages import AttemptDone, AttemptOrder, Progress

SECONDS = "QUEUE_WORKER_SECONDS"


def load(options: Any) -> None:
    """Children without weights."""


def sleep(order: AttemptOrder, report: Progress) -> AttemptDone:
    """Sleep, and write small files."""
    end = time.monotonic() + float(os.environ[SECONDS])
    while (left := end - time.monotonic()) > 0:
        report("animating", 0.5)
        time.sleep(min(0.1, left))
    names = {row.name: f"{row.name}.{row.suffix}" for row in FORMATS}
    for name in names.values():
        (Path(order.folder) / name).write_bytes(b"a picture")
    return AttemptDone(names, order.request.or_else(PortraitRequest(style="starry-night")), {})


def options_for(processes: int) -> Any:
    """The WorkerOptions of the real workers, but for the task."""
    from portrait.worker.running import WorkerOptions

    return WorkerOptions(processes=processes, task="demo.queue_worker.sleep", loader="demo.queue_worker.load")


def main() -> int:
    """Run the embedded worker until SIGTERM."""
    from portrait.worker.supervisor import Worker

    return Worker(options_for(int(os.environ["WORKERS"]))).run()


if __name__ == "__main__":
    import django

    django.setup()
    sys.exit(main())
