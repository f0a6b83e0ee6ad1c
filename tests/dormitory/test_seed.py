from __future__ import annotations

import io
import re

import pytest
from django.core.management import call_command

from common.texts import codes
from dormitory.models import Answer, House, Question
from dormitory.seeds.questions import QUESTIONS

pytestmark = pytest.mark.usefixtures("houses")

KOREAN = re.compile("[가-힣]")


def everything() -> list[object]:
    return [list(model.objects.order_by("pk").values()) for model in (House, Question, Answer)]


def assert_complete(texts: dict[str, str]) -> None:
    """A text in each language, Hangul in the Korean one alone."""
    assert list(texts) == codes()
    assert {code for code, text in texts.items() if KOREAN.search(text)} == {"ko"}
    assert all(texts.values())


def test_four_houses_in_the_order_of_the_contract() -> None:
    assert list(House.objects.values_list("id", "name")) == [
        (1, "Gryffindor"),
        (2, "Hufflepuff"),
        (3, "Slytherin"),
        (4, "Ravenclaw"),
    ]
    for house in House.objects.all():
        assert_complete(house.texts)


def test_at_least_ten_questions_with_an_answer_for_each_house_in_every_language() -> None:
    assert Question.objects.count() == len(QUESTIONS) >= 10
    for question in Question.objects.all():
        answers = list(question.answers.all())
        assert [answer.house_id for answer in answers] == [1, 2, 3, 4]
        texts: list[Question | Answer] = [question, *answers]
        for text in texts:
            assert_complete(text.texts)


def test_no_text_comes_twice() -> None:
    for field in ("texts__ko", "texts__en"):
        texts = [
            *Question.objects.values_list(field, flat=True),
            *Answer.objects.values_list(field, flat=True),
        ]
        assert len(set(texts)) == len(texts)


def test_a_second_time_changes_nothing() -> None:
    before = everything()
    out = io.StringIO()
    call_command("seed", stdout=out)
    assert everything() == before
    assert out.getvalue() == "created: 0 houses, 0 sorting questions\n"


def test_what_an_admin_changed_or_deleted_stays_so() -> None:
    House.objects.filter(pk=1).update(name="Lions", texts={})
    House.objects.get(pk=3).delete()
    Question.objects.filter(pk=1).update(texts={"ko": "새 질문?"}, active=False)
    Question.objects.get(pk=2).delete()
    before = everything()
    call_command("seed", verbosity=0)
    assert everything() == before


def test_questions_come_to_a_school_that_has_houses_of_its_own() -> None:
    Question.objects.all().delete()
    House.objects.get(pk=4).delete()
    call_command("seed", verbosity=0)
    assert House.objects.count() == 3
    assert Question.objects.count() == len(QUESTIONS)
    assert set(Answer.objects.values_list("house", flat=True)) == {1, 2, 3}
