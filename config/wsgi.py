"""The WSGI entry point that gunicorn serves."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def with_lengths(django: Application) -> Application:
    """The application with chunked bodies, under the limits of an upload."""
    # The views can be imported when Django is set up.
    from common.chunked_bodies import WithLength
    from portrait.views import DRAIN_BYTES, MAX_BODY_BYTES

    return WithLength(django, kept=MAX_BODY_BYTES, discarded=DRAIN_BYTES)


# With this status gunicorn stops; with others it starts the worker again and again.
BOOT_ERROR = 3

try:
    application = with_lengths(get_wsgi_application())
except ImproperlyConfigured as error:
    # A setting is wrong: its name and the reason help, the traceback does not.
    sys.stderr.write(f"ImproperlyConfigured: {error}\n")
    sys.exit(BOOT_ERROR)
