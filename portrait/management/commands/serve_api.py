"""``manage.py serve_api``: the API alone, without workers."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.servers.basehttp import get_internal_wsgi_application
from django.db import connection

from common.http_server.limits import Limits
from common.http_server.server import BoundedServer
from common.listening import adapt_settings
from portrait.views import DRAIN_BYTES, MAX_BODY_BYTES


class Command(BaseCommand):
    help = "Serve the API until SIGTERM or Ctrl-C; portraits are made by portrait_worker. One process with threads."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=settings.PORT)
        parser.add_argument("--threads", type=int, default=8, help="threads that answer requests")

    def handle(self, *args: Any, **options: Any) -> None:
        adapt_settings(options["host"])
        try:
            server = BoundedServer(
                get_internal_wsgi_application(),
                host=options["host"],
                port=options["port"],
                threads=options["threads"],
                # Requests that wait for another database's server leave the interpreter to others.
                at_once=1 if connection.vendor == "sqlite" else options["threads"],
                limits=Limits(kept_body=MAX_BODY_BYTES, discarded_body=DRAIN_BYTES),
            )
        except (OSError, ValueError) as error:
            raise CommandError(f"cannot listen on {options['host']}:{options['port']}: {error}") from error
        server.stop_at_signals()
        server.run()
