"""``manage.py simulate_load``: the simulation serves in order, and finds the fewest workers."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from demo.load_simulation import Load, arrivals, fewest_workers, serve, simulate

HOUR = Load(students=500, hours=1.0, seconds=(6.2, 9.9))


def test_photos_are_served_in_order_by_the_first_free_worker() -> None:
    times, durations = np.array([0.0, 1.0, 2.0, 20.0]), np.array([10.0, 10.0, 10.0, 10.0])
    assert list(serve(times, durations, 1).waits) == [10.0, 19.0, 20.0, 28.0]
    assert list(serve(times, durations, 2).waits) == [10.0, 10.0, 10.0, 18.0]
    assert serve(times, durations, 1).busy == 1.0


def test_the_fewest_workers_keep_the_wait_and_one_fewer_does_not() -> None:
    found = fewest_workers(HOUR, wait=15.0)
    assert np.percentile(found.waits, 95) <= 15.0
    assert np.percentile(simulate(HOUR, found.workers - 1).waits, 95) > 15.0


def test_a_wait_shorter_than_a_portrait_is_refused() -> None:
    with pytest.raises(ValueError, match=r"9\.9"):
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
    [("--students", "0"), ("--seconds", "9", "6"), ("--wait", "5"), ("--peak", "0.5"), ("--real",)],
)
def test_bad_arguments_end_with_exit_status_2(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as error:
        call_command("simulate_load", *arguments)
    assert error.value.returncode == 2
