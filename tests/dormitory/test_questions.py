from __future__ import annotations

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from dormitory.models import Answer, House, Question

pytestmark = pytest.mark.usefixtures("houses")

URL = "/dorm/question/"


def asked(client: APIClient, language: str = "en") -> list[dict[str, Any]]:
    response = client.get(URL, headers={"Accept-Language": language})
    assert response.status_code == 200
    assert list(response.json()) == ["questions"]
    return response.json()["questions"]


def test_each_question_has_one_answer_for_each_house(as_alice: APIClient) -> None:
    questions = asked(as_alice)
    assert len(questions) >= 10
    for question in questions:
        assert set(question) == {"id", "question", "answers"}
        assert all(set(answer) == {"id", "answer", "dormitory"} for answer in question["answers"])
        assert sorted(answer["dormitory"] for answer in question["answers"]) == [1, 2, 3, 4]


def test_texts_come_in_the_readers_language(as_alice: APIClient) -> None:
    question = Question.objects.get(pk=2)
    korean, english = (asked(as_alice, language)[1] for language in ("ko", "en"))
    assert (korean["question"], english["question"]) == (question.texts["ko"], question.texts["en"])
    assert {answer["answer"] for answer in korean["answers"]} == set(
        question.answers.values_list("texts__ko", flat=True)
    )
    assert {answer["answer"] for answer in english["answers"]} == set(
        question.answers.values_list("texts__en", flat=True)
    )


def test_korean_is_the_default(alice: Any, as_alice: APIClient) -> None:
    as_alice.defaults.pop("HTTP_ACCEPT_LANGUAGE", None)
    response = as_alice.get(URL, headers={"Accept-Language": ""})
    assert response.json()["questions"][0]["question"] == Question.objects.get(pk=1).texts["ko"]


def test_a_text_that_was_never_translated_is_shown_as_it_is(as_alice: APIClient) -> None:
    question = Question.objects.get(pk=1)
    Question.objects.filter(pk=1).update(texts={"ko": question.texts["ko"]})
    assert asked(as_alice, "en")[0]["question"] == Question.objects.get(pk=1).texts["ko"]


def test_answers_come_in_random_order(as_alice: APIClient) -> None:
    orders = {
        tuple(answer["dormitory"] for answer in question["answers"])
        for _ in range(5)
        for question in asked(as_alice)
    }
    # 60 of 24 possible orders: fewer than five different ones would be no chance.
    assert len(orders) >= 5


def test_questions_come_in_the_order_of_their_positions(as_alice: APIClient) -> None:
    Question.objects.filter(pk=12).update(position=0)
    assert [question["id"] for question in asked(as_alice)] == [12, *range(1, 12)]


def test_inactive_and_unanswerable_questions_are_not_asked(as_alice: APIClient) -> None:
    Question.objects.filter(pk=1).update(active=False)
    Answer.objects.filter(question=2).delete()
    assert [question["id"] for question in asked(as_alice)] == list(range(3, 13))


def test_a_deleted_house_takes_its_answers_along(as_alice: APIClient) -> None:
    House.objects.get(pk=3).delete()
    assert {answer["dormitory"] for question in asked(as_alice) for answer in question["answers"]} == {
        1,
        2,
        4,
    }


def test_an_empty_school_asks_nothing(as_alice: APIClient) -> None:
    Question.objects.all().delete()
    assert asked(as_alice) == []


@pytest.mark.parametrize("more", [0, 50])
def test_three_queries_however_many_questions(
    as_alice: APIClient, django_assert_num_queries: DjangoAssertNumQueries, more: int
) -> None:
    for number in range(more):
        question = Question.objects.create(texts={"ko": f"질문 {number}"})
        Answer.objects.create(question=question, house_id=1, texts={"ko": "답"})
    # The account of the token, the questions, the answers.
    with django_assert_num_queries(3):
        assert len(asked(as_alice)) == 12 + more


def test_it_is_for_students_only(visitor: APIClient) -> None:
    assert visitor.get(URL).status_code == 401
