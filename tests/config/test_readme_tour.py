"""The README's tour runs as it stands in a plain POSIX shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.paths import ROOT

# Programs of the tour that are no part of the shell; what they are called with goes into a file.
CURL = """#!/bin/sh
for each; do printf '%s\\n' "$each" >> "$LOG"; done
echo -- >> "$LOG"
echo '{"access":"T0KEN","refresh":"R"}'
"""


def tour() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"## A tour in five lines\n\n```sh\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_each_call_of_the_tour_arrives_with_the_token_and_its_arguments(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("curl", CURL), ("sleep", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    log = tmp_path / "log"
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "LOG": str(log)}
    done = subprocess.run([shell, "-eu"], input=tour(), text=True, capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    calls = [call.strip().splitlines() for call in log.read_text().split("--\n") if call.strip()]
    assert len(tour().splitlines()) == 5
    paths = [re.sub(r".*:8000", "", next(word for word in call if ":8000" in word)) for call in calls]
    assert paths == ["/user/", "/user/api/token/", "/user/main/", "/user/info/", "/user/portrait/"]
    assert all("Authorization: Bearer T0KEN" in call for call in calls[2:])
    assert "pic=@photo.jpg" in calls[2]
    assert '{"dormitory": 4, "birthday": "1981-02-13"}' in calls[3]
