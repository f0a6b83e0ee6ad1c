"""``manage.py benchmark_events`` measures a real server and leaves the database alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.demo.test_queue_benchmark import run


def test_news_is_measured_from_the_row_to_the_client(tmp_path: Path) -> None:
    out = run(tmp_path, "benchmark_events", "--clients", "3", "--seconds", "2")
    [(clients, news)] = re.findall(r"^\| (\d+) \| (\d+) \| [\d.]+ \| [\d.]+ \| [\d.]+ \| \d+% \|$", out, re.M)
    assert clients == "3" and int(news) > 0


@pytest.mark.parametrize("arguments", [("--clients", "0"), ("--seconds", "0")])
def test_bad_arguments_end_with_exit_status_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as error:
        call_command("benchmark_events", *arguments)
    assert error.value.returncode == 2
