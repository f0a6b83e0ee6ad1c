"""Celery workers that run fault tasks: ``celery -A tests.portrait.faulty_celery worker``.

``FAULTS_OPTIONS`` is a JSON object of WorkerOptions, with ``silent_after`` and the options of the ``transport``.
"""

from __future__ import annotations

import json
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from portrait.worker.distributed.app import build  # noqa: E402
from portrait.worker.running import WorkerOptions  # noqa: E402

chosen: dict[str, Any] = json.loads(os.environ["FAULTS_OPTIONS"])
more = chosen.pop("transport", {})
if "silent_after" in chosen:
    more["silent_after"] = chosen.pop("silent_after")


def options_for(processes: int) -> WorkerOptions:
    return WorkerOptions(
        processes=processes,
        task="tests.portrait.faults.act",
        loader="tests.portrait.faults.nothing",
        **chosen,
    )


app = build(options_for, **more)
