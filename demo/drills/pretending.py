"""A worker whose children only pretend to paint: ``python -m demo.drills.pretending``.

The queue, the leases, the processes and the files are those of the real worker; a portrait takes a fraction of a
second, so that many are made between two kills.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path
from typing import Any

from portrait.engine.output.formats import FORMATS
from portrait.engine.request import PortraitRequest
from portrait.worker.messages import AttemptDone, AttemptOrder, Progress

SECONDS = (0.05, 0.4)


def load(options: Any) -> None:
    """Children without weights."""


def paint(order: AttemptOrder, report: Progress) -> AttemptDone:
    """Take some time and write small files."""
    for step in range(5):
        report("animating", step / 5)
        time.sleep(random.uniform(*SECONDS) / 5)
    names = {row.name: f"{row.name}.{row.suffix}" for row in FORMATS}
    for name in names.values():
        (Path(order.folder) / name).write_bytes(os.urandom(4096))
    return AttemptDone(
        names, order.request.or_else(PortraitRequest(style="starry-night")), {"animating": 0.1}
    )


def main() -> int:
    """Run the worker until SIGTERM."""
    import django

    django.setup()
    from portrait.worker.running import WorkerOptions
    from portrait.worker.supervisor import Worker

    return Worker(
        WorkerOptions(
            processes=2,
            poll=0.1,
            lease=3.0,
            backoff=[0.0, 0.0],
            task=f"{__spec__.name}.paint",
            loader=f"{__spec__.name}.load",
        )
    ).run()


if __name__ == "__main__":
    sys.exit(main())
