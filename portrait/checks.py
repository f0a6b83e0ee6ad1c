"""Checks of the installation that ``manage.py check`` and every start of the service run."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning, register
from django.db import connections


@register()
def celery_with_sqlite(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Celery's workers on other machines cannot open a file of this one."""
    if settings.PORTRAIT_QUEUE != "celery" or connections["default"].vendor != "sqlite":
        return []
    return [
        Warning(
            "PORTRAIT_QUEUE=celery with a SQLite file: all workers must be on the machine of the web process.",
            hint="Set DATABASE_URL to a PostgreSQL server.",
            id="portrait.W001",
        )
    ]
