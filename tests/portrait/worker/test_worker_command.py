"""``manage.py portrait_worker``."""

from __future__ import annotations

import pytest

from tests.portrait.kit import Workers


@pytest.mark.parametrize(
    "arguments",
    [
        ["--processes", "0"],
        ["--processes", "65"],
        ["--processes", "two"],
        ["--grace", "-1"],
        ["--poll", "0"],
        ["--poll", "nan"],
        ["--unknown"],
    ],
)
def test_bad_arguments_end_with_exit_code_2(workers: Workers, arguments: list[str]) -> None:
    process = workers.spawn(["manage.py", "portrait_worker", *arguments])

    assert process.wait(30) == 2
    assert "usage:" in workers.output()
