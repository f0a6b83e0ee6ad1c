"""The migration from one column for each language to one column of texts keeps every text, in both directions."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from dormitory.models import Answer, House, Question

BEFORE = [("dormitory", "0002_card_share")]
MODELS: tuple[Any, ...] = (House, Question, Answer)


def migrate(target: list[tuple[str, str]]) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return executor.loader.project_state(target).apps


def migrate_to_the_newest() -> None:
    """Of every app: others may have been taken back with the one of the test."""
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def everything() -> list[list[dict[str, Any]]]:
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


@pytest.mark.django_db(transaction=True)
def test_no_text_is_lost(houses: None) -> None:
    Answer.objects.filter(pk=1).update(texts={"ko": "하나뿐"})
    seeded = everything()
    try:
        old = migrate(BEFORE)
        question = old.get_model("dormitory", "Question").objects.get(pk=1)
        assert (question.korean, question.english) == tuple(seeded[1][0]["texts"].values())
        house = old.get_model("dormitory", "House").objects.get(pk=4)
        assert (house.description, house.description_en) == tuple(seeded[0][3]["texts"].values())
        answer = old.get_model("dormitory", "Answer").objects.get(pk=1)
        assert (answer.korean, answer.english) == ("하나뿐", "")
    finally:
        migrate_to_the_newest()
    assert everything() == seeded
