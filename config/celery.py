"""The entry point of ``celery -A config``: worker and beat."""

from __future__ import annotations

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

try:
    django.setup()
    from portrait.queue import delivery

    if not delivery.enabled():
        raise ImproperlyConfigured("celery needs PORTRAIT_QUEUE=celery and CELERY_BROKER_URL")
except ImproperlyConfigured as error:
    # A setting is wrong: its name and the reason help, the traceback does not.
    sys.stderr.write(f"ImproperlyConfigured: {error}\n")
    sys.exit(2)

from portrait.worker.configured import configured
from portrait.worker.distributed.app import build

app = build(configured)
