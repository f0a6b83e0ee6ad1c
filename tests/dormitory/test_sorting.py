from __future__ import annotations

import datetime
import random
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from dormitory import selectors, services
from dormitory.models import Answer, House, Question
from tests.dormitory.conftest import sort
from user.models import User

pytestmark = pytest.mark.usefixtures("houses")

URL = "/dorm/sorting/"


def answers_for(*houses: int) -> list[int]:
    """An answer for each question, for each of ``houses`` in turn."""
    questions = selectors.questions()
    return [
        next(answer.pk for answer in asked.answers if answer.house_id == houses[place % len(houses)])
        for place, asked in enumerate(questions)
    ]


def form(*houses: int, preferred: int) -> dict[str, Any]:
    return {"answers": answers_for(*houses), "preferred": preferred, "birthday": "2005-02-13"}


def errors(response: Any) -> list[tuple[str, str]]:
    assert response.status_code == 400
    return [(error["field"], error["code"]) for error in response.json()["errors"]]


def test_it_counts_answers_and_preference_and_enrols(as_alice: APIClient, photographed: User) -> None:
    response = as_alice.post(URL, form(4, 4, 2, preferred=3))
    assert response.status_code == 200
    assert response.json() == {
        "house": {
            "id": 4,
            "name": "Ravenclaw",
            "local_name": "Ravenclaw",
            "colour": "#27478f",
            "desc": House.objects.get(pk=4).texts["en"],
            "crest": "http://testserver/static/dormitory/crests/star.svg",
        },
        "scores": [
            {"dormitory": 1, "name": "Gryffindor", "score": 0, "look": 0},
            {"dormitory": 2, "name": "Hufflepuff", "score": 4, "look": 0},
            {"dormitory": 3, "name": "Slytherin", "score": 2, "look": 0},
            {"dormitory": 4, "name": "Ravenclaw", "score": 8, "look": 0},
        ],
        "looked": False,
        "seen": [],
    }
    photographed.refresh_from_db()
    assert photographed.house_id == 4
    assert photographed.birthday == datetime.date(2005, 2, 13)
    assert photographed.join_date == timezone.localdate()
    assert photographed.student_number is not None


def test_a_tie_goes_to_one_of_the_tied(photographed: User) -> None:
    answers = list(Answer.objects.filter(pk__in=answers_for(1, 2, 3, 4)))
    # Three points each and two more for house 2: put it level with house 1 by two more answers for that.
    answers += list(Answer.objects.filter(house=1)[:2])
    seen = set()
    for seed in range(20):
        User.objects.update(house=None, student_number=None)
        result = services.sort(
            student=photographed,
            answers=answers,
            preferred=House.objects.get(pk=2),
            birthday=datetime.date(2005, 2, 13),
            chance=random.Random(seed),
        )
        assert [score.score for score in result.scores] == [5, 5, 3, 3]
        seen.add(result.house.pk)
    assert seen == {1, 2}


def test_the_order_of_the_answers_does_not_matter(as_alice: APIClient, photographed: User) -> None:
    body = form(2, 2, 1, preferred=2)
    body["answers"].reverse()
    assert as_alice.post(URL, body).json()["house"]["id"] == 2


def test_missing_answers_are_named_by_their_questions(as_alice: APIClient, photographed: User) -> None:
    body = form(1, preferred=1)
    del body["answers"][4:6]
    response = as_alice.post(URL, body)
    assert errors(response) == [
        ("questions.5", "question_unanswered"),
        ("questions.6", "question_unanswered"),
    ]
    assert [error["detail"] for error in response.json()["errors"]] == [
        "Question 5 has no answer.",
        "Question 6 has no answer.",
    ]


def test_two_answers_to_one_question_are_named(as_alice: APIClient, photographed: User) -> None:
    body = form(1, preferred=1)
    second = Answer.objects.get(question=3, house=2).pk
    body["answers"].append(second)
    response = as_alice.post(URL, body)
    assert errors(response) == [("answers.12", "question_answered_twice")]
    assert response.json()["detail"] == f"Question 3 has two answers: {body['answers'][2]} and {second}."


def test_the_same_answer_twice_is_named(as_alice: APIClient, photographed: User) -> None:
    body = form(1, preferred=1)
    body["answers"].append(body["answers"][0])
    assert errors(as_alice.post(URL, body)) == [("answers.12", "question_answered_twice")]


def test_answers_to_nothing_are_named(as_alice: APIClient, photographed: User) -> None:
    Question.objects.filter(pk=12).update(active=False)
    body = form(1, preferred=1)
    retired = Answer.objects.filter(question=12).values_list("pk", flat=True)[0]
    body["answers"] = [9999, *body["answers"], retired, -1, 10**30]
    response = as_alice.post(URL, body)
    assert errors(response) == [
        ("answers.0", "answer_unknown"),
        ("answers.12", "answer_unknown"),
        ("answers.13", "answer_unknown"),
        ("answers.14", "answer_unknown"),
    ]
    assert "Answer 9999 belongs to no question." in response.json()["detail"]


def test_all_faults_are_told_at_once_in_the_readers_language(as_alice: APIClient, photographed: User) -> None:
    body = form(1, preferred=1)
    body["answers"][0] = 9999
    response = as_alice.post(URL, body, headers={"Accept-Language": "ko"})
    assert errors(response) == [("answers.0", "answer_unknown"), ("questions.1", "question_unanswered")]
    assert [error["detail"] for error in response.json()["errors"]] == [
        "답변 9999번에 해당하는 질문이 없습니다.",
        "질문 1번에 답하지 않았습니다.",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"answers": None}, ("answers", "null")),
        ({"answers": "1,2"}, ("answers", "not_a_list")),
        ({"answers": ["x"]}, ("answers.0", "invalid")),
        ({"answers": [True]}, ("answers.0", "invalid")),
        ({"answers": [1] * 501}, ("answers", "max_length")),
        ({"preferred": 9}, ("preferred", "does_not_exist")),
        ({"preferred": 10**30}, ("preferred", "does_not_exist")),
        ({"preferred": True}, ("preferred", "incorrect_type")),
        ({"preferred": None}, ("preferred", "null")),
        ({"birthday": "2999-01-01"}, ("birthday", "birthday_in_future")),
        ({"birthday": "1066-10-14"}, ("birthday", "birthday_too_early")),
        ({"birthday": 5}, ("birthday", "invalid")),
    ],
)
def test_bad_values_are_named(
    as_alice: APIClient, photographed: User, change: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert errors(as_alice.post(URL, {**form(1, preferred=1), **change})) == [expected]


def test_a_number_beyond_all_numbers_is_no_house(as_alice: APIClient, photographed: User) -> None:
    body = b'{"answers": [1], "preferred": 1e999, "birthday": "2005-02-13"}'
    response = as_alice.post(URL, data=body, content_type="application/json")
    assert ("preferred", "incorrect_type") in errors(response)
    # The answers that are missing are named beside it.
    assert "question_unanswered" in {code for _field, code in errors(response)}


def test_without_a_photo_it_is_refused(as_alice: APIClient, alice: User) -> None:
    response = as_alice.post(URL, form(1, preferred=1))
    assert (response.status_code, response.json()["code"]) == (400, "photo_missing")
    alice.refresh_from_db()
    assert alice.house_id is None


def test_once_sorted_stays_sorted(as_alice: APIClient, photographed: User) -> None:
    assert as_alice.post(URL, form(1, preferred=1)).status_code == 200
    response = as_alice.post(URL, form(2, preferred=2))
    assert (response.status_code, response.json()["code"]) == (400, "already_sorted")
    response = as_alice.post("/user/info/", {"dormitory": 3, "birthday": "2005-02-13"})
    assert (response.status_code, response.json()["code"]) == (400, "already_sorted")
    photographed.refresh_from_db()
    assert photographed.house_id == 1


def test_without_questions_nobody_can_be_sorted(as_alice: APIClient, photographed: User) -> None:
    body = form(1, preferred=1)
    Question.objects.all().delete()
    response = as_alice.post(URL, body)
    assert (response.status_code, response.json()["code"]) == (400, "no_questions")


@pytest.mark.parametrize("count", [1, 2, 7])
def test_any_number_of_houses_works(as_alice: APIClient, photographed: User, count: int) -> None:
    for number in range(5, count + 1):
        House.objects.create(pk=number, name=f"House {number}")
    House.objects.filter(pk__gt=count).delete()
    response = as_alice.post(URL, form(1, preferred=count))
    assert response.status_code == 200
    assert [score["dormitory"] for score in response.json()["scores"]] == list(range(1, count + 1))


def test_it_is_for_students_only(visitor: APIClient) -> None:
    assert visitor.post(URL, {}).status_code == 401


@pytest.mark.parametrize("more", [0, 50])
def test_the_number_of_queries_does_not_grow_with_the_questions(
    as_alice: APIClient,
    photographed: User,
    bob: User,
    django_assert_num_queries: DjangoAssertNumQueries,
    more: int,
) -> None:
    for number in range(more):
        question = Question.objects.create(texts={"ko": f"질문 {number}"})
        Answer.objects.create(question=question, house_id=1, texts={"ko": "답"})
    sort(bob, 1)  # the first of a house also begins its series of numbers
    body = form(1, preferred=1)
    # Eight of them begin and end savepoints.
    with django_assert_num_queries(19):
        assert as_alice.post(URL, body).status_code == 200
