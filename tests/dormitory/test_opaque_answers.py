"""With ``?v=2`` the questions do not reveal the houses, and the server counts the answers."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from dormitory.models import Answer
from dormitory.opaque import opaque_id
from user.models import User

pytestmark = pytest.mark.usefixtures("houses")


def asked(client: APIClient) -> list[dict[str, Any]]:
    questions: list[dict[str, Any]] = client.get("/dorm/question/", {"v": "2"}).json()["questions"]
    return questions


def test_answers_have_an_id_and_a_text_and_no_house(as_alice: APIClient) -> None:
    questions = asked(as_alice)
    assert len(questions) >= 10
    ids = [answer["id"] for question in questions for answer in question["answers"]]
    for question in questions:
        assert all(set(answer) == {"id", "answer"} for answer in question["answers"])
    assert len(set(ids)) == len(ids) == Answer.objects.count()
    # Their order by id is another one than that of the houses.
    by_id = sorted(Answer.objects.all(), key=lambda answer: opaque_id(answer.pk))
    assert [answer.house_id for answer in by_id] != [answer.house_id for answer in Answer.objects.all()]


def test_the_server_counts_opaque_answers(as_alice: APIClient, photographed: User) -> None:
    chosen = [opaque_id(answer.pk) for answer in Answer.objects.filter(house=2)]
    form = {"answers": chosen, "preferred": 2, "birthday": "2005-02-13"}
    response = as_alice.post("/dorm/sorting/", form)
    assert response.status_code == 200, response.content
    assert response.json()["house"]["id"] == 2
    assert {row["dormitory"]: row["score"] for row in response.json()["scores"]} == {
        1: 0,
        3: 0,
        4: 0,
        2: len(chosen) + 2,
    }


def test_refusals_name_what_was_sent(as_alice: APIClient, photographed: User) -> None:
    first, second = (opaque_id(answer.pk) for answer in Answer.objects.filter(question=1)[:2])
    form = {"answers": [first, second, "0" * 16], "preferred": 2, "birthday": "2005-02-13"}
    errors = as_alice.post("/dorm/sorting/", form).json()["errors"]
    texts = {fault["code"]: fault["detail"] for fault in errors}
    assert first in texts["question_answered_twice"] and second in texts["question_answered_twice"]
    assert "0" * 16 in texts["answer_unknown"]


def test_the_front_end_of_2022_gets_the_houses_as_before(as_alice: APIClient) -> None:
    questions = as_alice.get("/dorm/question/").json()["questions"]
    assert set(questions[0]["answers"][0]) == {"id", "answer", "dormitory"}


def test_another_version_is_refused(as_alice: APIClient) -> None:
    response = as_alice.get("/dorm/question/", {"v": "3"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "unknown_version")
