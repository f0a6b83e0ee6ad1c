"""``manage.py simulate_load``: the simulation serves in order, and finds the fewest workers."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from shutil import which

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from demo.load_simulation import Load, arrivals, fewest_workers, serve, simulate


def table_rows(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("| ").split("|")] for line in text.splitlines() if "|" in line
    ]


HOUR = Load(students=500, hours=1.0, seconds=(6.2, 9.9))


def test_photos_are_served_in_order_by_the_first_free_worker() -> None:
    times, durations = np.array([0.0, 1.0, 2.0, 20.0]), np.array([10.0, 10.0, 10.0, 10.0])
    assert list(serve(times, durations, 1).waits) == [10.0, 19.0, 20.0, 28.0]
    assert list(serve(times, durations, 2).waits) == [10.0, 10.0, 10.0, 18.0]
    assert serve(times, durations, 1).busy == 1.0


def test_an_idle_worker_takes_a_photo_at_its_next_look_and_a_busy_one_at_once() -> None:
    times, durations, looks = np.array([0.0, 1.0]), np.array([10.0, 10.0]), np.array([0.4, 0.4])
    assert list(serve(times, durations, 1, looks=looks).waits) == [10.4, 19.4]
    assert list(serve(times, durations, 2, looks=looks).waits) == [10.4, 10.4]


def test_the_overhead_of_a_job_adds_up_in_the_queue() -> None:
    busy = Load(students=300, hours=0.5, seconds=(10.0, 10.0), poll=0.0, overhead=0.0)
    slower = replace(busy, overhead=1.0)
    longest = [simulate(load, 2).waits.max() for load in (busy, slower)]
    assert longest[1] > longest[0] + 10


@pytest.mark.django_db(transaction=True)
def test_a_real_worker_waits_as_long_as_the_simulation_says() -> None:
    """Both queues, with portraits that only sleep; how near the two are is measured, and not promised here."""
    out = StringIO()
    arguments = (
        "--students",
        "4",
        "--hours",
        "0.0005",
        "--seconds",
        "0.5",
        "0.5",
        "--workers",
        "2",
        "--wait",
        "5",
    )
    call_command("simulate_load", *arguments, "--real", stdout=out)
    rows = {cells[0]: cells[1:] for cells in table_rows(out.getvalue()) if cells[0] in ("database", "celery")}
    assert set(rows) == ({"database", "celery"} if which("redis-server") else {"database"})
    for median, simulated, longest, simulated_longest, overhead in rows.values():
        assert 0.5 <= float(median) <= float(longest)
        assert 0.5 <= float(simulated) <= float(simulated_longest)
        assert float(overhead) >= 0


def test_the_fewest_workers_keep_the_wait_and_one_fewer_does_not() -> None:
    found = fewest_workers(HOUR, wait=15.0)
    assert np.percentile(found.waits, 95) <= 15.0
    assert np.percentile(simulate(HOUR, found.workers - 1).waits, 95) > 15.0


def test_a_wait_shorter_than_a_portrait_is_refused() -> None:
    with pytest.raises(ValueError, match=r"10\.5"):
        fewest_workers(HOUR, wait=9.0)


def test_the_busiest_hours_of_each_day_have_the_peak() -> None:
    times = arrivals(Load(200_000, hours=48.0, seconds=(1.0, 1.0), peak=3.0), np.random.default_rng(1))
    hourly = np.histogram(times, bins=48, range=(0, 48 * 3600))[0] / (200_000 / 48)
    assert 2.7 < hourly[11:13].mean() < 3.1
    assert 2.7 < hourly[35:37].mean() < 3.1
    assert hourly[0] < 0.1


def test_the_command_prints_one_row() -> None:
    out = StringIO()
    call_command("simulate_load", "--students", "10000", "--hours", "24", stdout=out)
    assert out.getvalue().splitlines()[2].startswith("| 10000 | 24 | 2 | 4 |")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--students", "0"),
        ("--seconds", "9", "6"),
        ("--wait", "5"),
        ("--peak", "0.5"),
        ("--poll", "-1"),
        ("--overhead", "-0.1"),
        ("--real",),
    ],
)
def test_bad_arguments_end_with_exit_status_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as error:
        call_command("simulate_load", *arguments)
    assert error.value.returncode == 2
