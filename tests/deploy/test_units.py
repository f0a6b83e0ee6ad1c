"""The systemd units of deploy/systemd: valid, confined, and with commands that exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.paths import ROOT

FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(path.name for path in FOLDER.iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]
CONFINED = (
    "User=portraits",
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "CapabilityBoundingSet=",
    "SystemCallFilter=@system-service",
)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_confined(name: str) -> None:
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in CONFINED if line not in lines] == []
    (writable,) = (line for line in lines if line.startswith("ReadWritePaths="))
    assert writable in ("ReadWritePaths=/var/lib/portraits", "ReadWritePaths=/var/backups/portraits")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_runs_a_command_that_exists(name: str) -> None:
    (command,) = re.findall(r"^ExecStart=(.+)$", (FOLDER / name).read_text(encoding="utf-8"), re.MULTILINE)
    words = command.replace("/srv/portraits/current/", f"{ROOT}/").split()
    if "manage.py" in words:
        assert words[words.index("manage.py") + 1] in get_commands()
    elif not words[0].endswith("/celery"):
        assert os.access(words[0], os.X_OK)


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze")
    programs = Path(sys.executable).parent
    folder = tmp_path / "units"
    folder.mkdir()
    for name in UNITS:
        text = (FOLDER / name).read_text(encoding="utf-8")
        text = text.replace("/srv/portraits/current/.venv/bin", str(programs))
        text = text.replace("/srv/portraits/current", str(ROOT))
        (folder / name.replace("@.", "@8000.")).write_text(text)
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, sorted(folder.iterdir()))],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"},
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
