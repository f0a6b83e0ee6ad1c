"""``manage.py measure_player`` refuses what it cannot measure with one line and exit status 2."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from tests.paths import ROOT

PHOTO = str(ROOT / "demo/faces/mona-lisa.jpg")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([PHOTO, "--count", "0"], "--count: at least 1"),
        (["none.jpg"], "none.jpg: No such file or directory"),
        ([PHOTO, "--size", "256", "--style", "crayon"], "crayon"),
    ],
    ids=["no moments", "no photo", "no style"],
)
def test_bad_input_is_one_line(arguments: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told) as refusal:
        call_command("measure_player", *arguments)
    assert refusal.value.returncode == 2
    assert "\n" not in str(refusal.value)
