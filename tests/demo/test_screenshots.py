"""``manage.py screenshots`` names what is missing without a browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_without_a_browser_it_says_which_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "no-such-browser"))
    with pytest.raises(CommandError, match="no-such-browser is no program") as refusal:
        call_command("screenshots", output=tmp_path / "pictures")
    assert refusal.value.returncode == 2
    assert not (tmp_path / "pictures").exists()
