"""``PORTRAIT_QUEUE``, ``CELERY_BROKER_URL`` and ``celery -A config``, as a person starts them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.config.kit import check
from tests.paths import ROOT

CELERY = {"PORTRAIT_QUEUE": "celery", "CELERY_BROKER_URL": "redis://127.0.0.1:1/0"}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **variables},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"PORTRAIT_QUEUE": "celery", "CELERY_BROKER_URL": ""}, "CELERY_BROKER_URL"),
        ({"PORTRAIT_QUEUE": "kafka"}, "PORTRAIT_QUEUE"),
        ({"CELERY_BROKER_URL": "http://user:secret@broker"}, "CELERY_BROKER_URL"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_status_2(variables: dict[str, str], name: str) -> None:
    process = check(**variables)
    assert process.returncode == 2
    assert process.stderr.startswith("ImproperlyConfigured: ") and process.stderr.count("\n") == 1
    assert name in process.stderr and "secret" not in process.stderr


def test_celery_does_not_start_where_the_database_is_the_queue() -> None:
    process = run("-m", "celery", "-A", "config", "worker", PORTRAIT_QUEUE="database")
    assert process.returncode == 2
    assert (
        process.stderr == "ImproperlyConfigured: celery needs PORTRAIT_QUEUE=celery and CELERY_BROKER_URL\n"
    )


def test_other_pools_are_refused() -> None:
    process = run("-m", "celery", "-A", "config", "worker", "--pool", "solo", **CELERY)
    assert process.returncode == 2
    assert "prefork" in process.stderr.splitlines()[-1]


def test_a_sqlite_file_behind_celery_is_a_warning() -> None:
    process = check(**CELERY, DATABASE_URL="sqlite:///school.sqlite3")
    assert process.returncode == 0
    assert "portrait.W001" in process.stderr
    assert "portrait.W001" not in check(DATABASE_URL="sqlite:///school.sqlite3").stderr


def test_neither_the_workers_parent_nor_the_web_process_loads_what_it_does_not_need() -> None:
    parent = "import sys, config.celery; assert not {'torch', 'numba', 'pebble'} & set(sys.modules), 'heavy'"
    web = "import sys, config.wsgi; assert not {'torch', 'celery', 'kombu'} & set(sys.modules), 'heavy'"
    assert run("-c", parent, **CELERY).stderr == ""
    assert run("-c", web, **CELERY).stderr == ""
