"""No attempt outlives the pool that it was given to: its worker would wait for the attempt's end for good."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pebble.pool.base_pool import PoolStatus

from portrait.engine.request import DEFAULTS, PortraitRequest
from portrait.worker.messages import AttemptOrder
from portrait.worker.pool import Children
from portrait.worker.scratch import report_of
from tests.portrait.kit import wait_for

TASK, LOADER = "tests.portrait.faults.act", "tests.portrait.faults.nothing"


@pytest.fixture
def children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Children]:
    monkeypatch.setenv("FAULTS_FOLDER", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    children = Children(1, threads=1, loader=LOADER, options=None)
    children.tend()
    wait_for(children.ready, "a warm child")
    yield children
    children.close()


def submit(children: Children, job: int) -> tuple[AttemptOrder, Any]:
    request = PortraitRequest(motion="sleep:60").or_else(DEFAULTS)
    order = AttemptOrder(job=job, photo="", request=request, folder=str(children.new_folder()))
    return order, children.submit(TASK, order, deadline=600)


def test_a_running_attempt_and_a_waiting_one_end_with_their_pool(children: Children) -> None:
    running, first = submit(children, 1)
    _, second = submit(children, 2)
    wait_for(lambda: report_of(running), "the first attempt")

    children.stop()

    assert (first.done(), second.done()) == (True, True)


def test_so_does_one_that_comes_while_the_pool_breaks(children: Children) -> None:
    """The check of the pool's state passes, and the thread that would take the attempt has ended."""
    pool = children._pool
    assert pool is not None
    pool.stop()
    pool._context._status = PoolStatus.RUNNING
    _, late = submit(children, 1)

    children.stop()

    assert late.done()
