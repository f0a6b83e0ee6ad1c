"""``manage.py worker_health``: whether this machine has a worker that takes jobs, for a supervisor's health check."""

from __future__ import annotations

import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portrait.queue import workers


class Command(BaseCommand):
    help = "End with 0 if a worker of this machine was heard of lately and takes jobs, with 1 and a line otherwise."

    def handle(self, *args: Any, **options: Any) -> None:
        here = list(workers.alive().filter(host=socket.gethostname()[:100]))
        if not here:
            raise CommandError("no worker of this machine was heard of lately")
        if all(worker.paused for worker in here):
            raise CommandError(f"the worker takes no jobs: {here[0].fault}")
        self.stdout.write(f"{len(here)} worker" + ("s" if len(here) > 1 else ""))
