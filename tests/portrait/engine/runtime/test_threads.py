"""An engine uses the threads that it was given, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
import torch

from portrait.engine.photo.opencv_network import limit_opencv
from portrait.engine.runtime import threads
from portrait.engine.runtime.cores import available_cores
from portrait.engine.runtime.threads import limit_threads


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def test_torch_and_opencv_use_as_many_threads_as_were_asked_for() -> None:
    assert limit_threads(1) == 1
    assert (torch.get_num_threads(), cv2.getNumThreads()) == (1, 1)


def test_without_a_number_opencv_follows_torch() -> None:
    cv2.setNumThreads(7)
    assert limit_threads(0) == torch.get_num_threads() == cv2.getNumThreads()


def machine(root: Path, group: str, files: dict[str, str]) -> Path:
    """A folder with ``proc`` and ``sys`` as a container sees them."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "self" / "cgroup").write_text(group)
    for name, text in files.items():
        path = root / "sys" / "fs" / "cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V1 = "5:memory:/docker/a\n4:cpu:/docker/a\n"


@pytest.mark.parametrize(
    ("group", "files", "cores"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 2),
        ("0::/\n", {"cpu.max": "20000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "max 100000\n"}, 64),
        ("0::/a/b\n", {"a/cpu.max": "300000 100000", "a/b/cpu.max": "max 100000"}, 3),
        ("0::/../a\n", {"cpu.max": "300000 100000"}, 3),
        (V1, {"cpu/docker/a/cpu.cfs_quota_us": "250000", "cpu/docker/a/cpu.cfs_period_us": "100000"}, 3),
        (V1, {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "50000\n"}, 2),
        (V1, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 64),
        ("4:cpu,cpuacct:/\n", {"cpu,cpuacct/cpu.cfs_quota_us": "1", "cpu,cpuacct/cpu.cfs_period_us": "1"}, 1),
        ("nonsense", {"cpu.max": "nonsense"}, 64),
    ],
)
def test_cores_are_those_of_the_containers_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str, files: dict[str, str], cores: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: set(range(64)))
    assert available_cores(machine(tmp_path, group, files)) == cores


def test_cores_are_not_more_than_the_process_may_be_scheduled_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _process: {3, 5})
    assert available_cores(machine(tmp_path, "0::/", {"cpu.max": "max 100000"})) == 2
    assert available_cores(tmp_path / "no such machine") == 2


def test_torch_and_opencv_follow_the_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "available_cores", lambda: 1)
    torch.set_num_threads(2)
    assert limit_threads(0) == torch.get_num_threads() == cv2.getNumThreads() == 1
    cv2.setNumThreads(64)
    limit_opencv()
    assert cv2.getNumThreads() == available_cores()
