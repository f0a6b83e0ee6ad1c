"""How many cores of the processor this process may use: its affinity and its container's quota. Imports no torch."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path("/")


def available_cores(root: Path = ROOT) -> int:
    """Cores that the process may be scheduled on, or fewer where a control group limits its time; at least 1.

    ``root`` is the folder that has ``proc`` and ``sys``. A quota of a part of a core counts as a whole one.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([allowed, *(math.ceil(quota) for quota in _quotas(root))]))


def _quotas(root: Path) -> Iterator[float]:
    """The processor time, in cores, that each control group above the process grants; either version."""
    mounts = root / "sys" / "fs" / "cgroup"
    for line in _read(root / "proc" / "self" / "cgroup").splitlines():
        _number, controllers, path = line.split(":", 2) if line.count(":") >= 2 else ("", "?", "")
        if not controllers:
            for folder in _levels(path, mounts, mounts / "unified"):
                yield from _quota(*_read(folder / "cpu.max").split())
        elif "cpu" in controllers.split(","):
            for folder in _levels(path, mounts / controllers, mounts / "cpu"):
                times = (_read(folder / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period"))
                yield from _quota(*times)


def _levels(path: str, *mounts: Path) -> Iterator[Path]:
    """The folders of the group and of those around it. In a container only the mount itself may be visible."""
    inner = PurePosixPath(path.strip().lstrip("/"))
    for mount in mounts:
        for level in (inner, *inner.parents):
            if ".." not in level.parts:
                yield mount / level


def _quota(quota: str = "", period: str = "") -> Iterator[float]:
    """Cores of a quota and a period in microseconds; none for ``max``, -1, or what is no number."""
    if quota.isdecimal() and period.isdecimal() and int(quota) > 0 and int(period) > 0:
        yield int(quota) / int(period)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
