"""Texts in several languages in one column: which one is shown, what is refused, and how the admin edits them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from common.texts import TextsFormField, TextsWidget, in_language
from dormitory.models import Answer, House, Question

LIST = "/admin/dormitory/question/"


@pytest.mark.parametrize(
    ("texts", "language", "shown"),
    [
        ({"ko": "문", "en": "door"}, "ko", "문"),
        ({"ko": "문", "en": "door"}, "en", "door"),
        ({"ko": "문", "en": "door"}, "en-gb", "door"),
        ({"ko": "문"}, "en", "문"),
        ({"en": "door"}, "ko", "door"),
        ({"ko": "", "en": "door"}, "ko", "door"),
        ({}, "ko", ""),
    ],
)
def test_the_readers_language_comes_first_and_then_any_other(
    texts: dict[str, str], language: str, shown: str
) -> None:
    with translation.override(language):
        assert in_language(texts) == shown


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ({}, "blank"),
        ({"en": "door"}, "blank"),
        ({"ko": "문", "xx": "?"}, "unknown_language"),
        ({"ko": "문" * 301}, "max_length"),
        ({"ko": 3}, "invalid"),
        (["문"], "invalid"),
    ],
)
def test_texts_that_are_none_are_refused(texts: Any, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Question(texts=texts).clean_fields()
    assert [error.code for error in refused.value.error_dict["texts"]] == [code]


def test_a_field_that_may_be_blank_takes_any_language() -> None:
    House(name="Lions", texts={}).clean_fields()
    House(name="Lions", texts={"en": "Roar."}).clean_fields()


def test_a_further_language_is_one_more_box(settings: Settings) -> None:
    settings.LANGUAGES = [*settings.LANGUAGES, ("ja", "日本語")]
    form_field = TextsFormField(max_length=10)
    widget: Any = TextsWidget()
    assert widget.widgets_names == ["_ko", "_en", "_ja"]
    assert form_field.clean(["문", "", "扉"]) == {"ko": "문", "ja": "扉"}
    assert widget.decompress({"ja": "扉"}) == ["", "", "扉"]


@pytest.mark.django_db
def test_the_admin_edits_each_language(admin: Client, houses: None) -> None:
    question = Question.objects.get(pk=1)
    before = Answer.objects.get(question=question, house=1)
    page = f"{LIST}{question.pk}/change/"
    html = admin.get(page).content.decode()
    assert question.texts["ko"] in html
    assert question.texts["en"] in html
    form: dict[str, Any] = {
        "texts_ko": "새 질문?",
        "texts_en": "",
        "position": "1",
        "active": "on",
        "answers-TOTAL_FORMS": "1",
        "answers-INITIAL_FORMS": "1",
        "answers-0-id": before.pk,
        "answers-0-question": question.pk,
        "answers-0-texts_ko": before.texts["ko"],
        "answers-0-texts_en": "Another answer",
        "answers-0-position": before.position,
        "answers-0-house": before.house_id,
    }
    assert admin.post(page, {**form, "texts_ko": ""}).status_code == 200
    question.refresh_from_db()
    assert question.texts["ko"] != ""
    assert admin.post(page, form).status_code == 302
    question.refresh_from_db()
    assert question.texts == {"ko": "새 질문?"}
    answer = Answer.objects.get(pk=before.pk)
    assert answer.texts == {"ko": before.texts["ko"], "en": "Another answer"}


@pytest.mark.django_db
def test_the_admin_finds_and_sorts_by_each_language(admin: Client, houses: None) -> None:
    first = Question.objects.get(pk=1)
    for text in first.texts.values():
        found = admin.get(LIST, {"q": text[:20]}).context["cl"].result_list
        assert first.pk in [question.pk for question in found]
    in_order = [question.texts["en"] for question in admin.get(LIST, {"o": "2"}).context["cl"].result_list]
    assert in_order == sorted(in_order)
