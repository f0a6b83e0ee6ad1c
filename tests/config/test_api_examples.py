"""The examples of the API's description show values that the product really has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from portrait.engine.pipeline import SHARES
from tests.common.description import contents, operations


def states() -> Iterator[dict[str, Any]]:
    """Every example of a portrait's state."""
    for _, operation in operations():
        for _, _, media in contents(operation):
            for example in media.get("examples", {}).values():
                if isinstance(example["value"], dict) and "stage" in example["value"]:
                    yield example["value"]


def test_a_running_job_of_the_examples_is_in_a_stage_of_the_engine() -> None:
    running = [state for state in states() if state["status"] == "running"]
    assert running
    for state in running:
        shares = SHARES[state["order"]]
        assert state["stage"] in shares
        before = sum(list(shares.values())[: list(shares).index(state["stage"])])
        reached = state["progress"] * sum(shares.values())
        assert before <= reached <= before + shares[state["stage"]], "the progress is another stage's"


def test_a_job_of_the_examples_that_is_not_running_has_no_stage() -> None:
    ended = [state for state in states() if state["status"] != "running"]
    assert ended
    assert {state["stage"] for state in ended} == {""}
