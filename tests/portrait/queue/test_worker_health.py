"""``manage.py worker_health`` speaks for the workers of its own machine."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from portrait.models import PortraitWorker
from portrait.queue import workers
from portrait.queue.clock import database_now

pytestmark = pytest.mark.django_db


def health() -> str:
    out = io.StringIO()
    call_command("worker_health", stdout=out)
    return out.getvalue()


def test_a_worker_of_this_machine_that_takes_jobs_is_healthy() -> None:
    workers.beat("one", 1, "")
    assert health() == "1 worker\n"


def test_a_worker_elsewhere_does_not_count() -> None:
    workers.beat("one", 1, "")
    PortraitWorker.objects.update(host="elsewhere")
    with pytest.raises(CommandError, match="no worker"):
        health()


def test_a_silent_worker_does_not_count() -> None:
    workers.beat("one", 1, "")
    PortraitWorker.objects.update(seen_at=database_now() - timedelta(minutes=1))
    with pytest.raises(CommandError, match="no worker"):
        health()


def test_a_worker_that_takes_no_jobs_says_why() -> None:
    workers.beat("one", 1, "the weights are damaged", paused=True)
    with pytest.raises(CommandError, match="the weights are damaged"):
        health()
