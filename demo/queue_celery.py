"""Celery workers that run the task of ``demo.queue_worker``: ``celery -A demo.queue_celery worker``."""

from __future__ import annotations

import django

django.setup()

from demo.queue_worker import options_for  # noqa: E402
from portrait.worker.distributed.app import build  # noqa: E402

app = build(options_for)
