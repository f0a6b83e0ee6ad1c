"""The forms and answers of the sorting endpoints."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from common.fields import PublicUrl, ThoroughSerializer
from dormitory import selectors
from dormitory.look.rules import Seen
from dormitory.look.words import in_words
from dormitory.models import Answer, House
from dormitory.opaque import PATTERN, opaque_id
from portrait.serializers import FilesSerializer

# The oldest person on record lived 122 years; an earlier birthday is a typing error.
OLDEST_YEARS = 122
# Far more than there are questions.
MAX_ANSWERS = 500


class HouseField(serializers.PrimaryKeyRelatedField[House]):
    """A house by its id."""

    def __init__(self) -> None:
        super().__init__(queryset=House.objects.all())

    def to_internal_value(self, data: Any) -> House:
        # JSON's 1e999 is parsed as infinity, which cannot be converted to an integer.
        if isinstance(data, float):
            self.fail("incorrect_type", data_type="float")
        return super().to_internal_value(data)


class BirthdayField(serializers.DateField):
    """``YYYY-MM-DD``, in the past and within a lifetime."""

    def __init__(self) -> None:
        super().__init__(input_formats=["%Y-%m-%d"])

    def to_internal_value(self, value: Any) -> datetime.date:
        birthday = super().to_internal_value(value)
        today = timezone.localdate()
        if birthday > today:
            raise serializers.ValidationError(_("A birthday lies in the past."), code="birthday_in_future")
        if birthday.year < today.year - OLDEST_YEARS:
            raise serializers.ValidationError(_("This birthday is too long ago."), code="birthday_too_early")
        return birthday


class EnrolSerializer(ThoroughSerializer):
    """``dormitory`` (a house id) and ``birthday`` (YYYY-MM-DD)."""

    dormitory = HouseField()
    birthday = BirthdayField()


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string", "pattern": f"^{PATTERN.pattern}$"}]})
class AnswerIdField(serializers.IntegerField):
    """An answer's id, plain or opaque."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) and PATTERN.fullmatch(data):
            return data
        return super().to_internal_value(data)


class SortingFormSerializer(ThoroughSerializer):
    """One answer id for each question, in any order, the preferred house and the birthday."""

    answers = serializers.ListField(child=AnswerIdField(), max_length=MAX_ANSWERS)
    preferred = HouseField()
    birthday = BirthdayField()
    look = serializers.BooleanField(
        default=False,
        help_text="whether what was read of the picture adds its points; never without the quiz",
    )

    def faults(self, values: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        """The answers become rows. A wrong one is named by its place in the list, a missing one by its question."""
        if "answers" not in values:
            return {}
        questions = selectors.questions()
        if not questions:
            raise serializers.ValidationError(
                {
                    "non_field_errors": [
                        ErrorDetail(str(_("There are no sorting questions at the moment.")), "no_questions")
                    ]
                }
            )
        known: dict[Any, Answer] = {}
        for answer in (answer for question in questions for answer in question.answers):
            known |= {answer.pk: answer, opaque_id(answer.pk): answer}
        chosen: dict[int, Answer] = {}  # by question
        sent: dict[int, int | str] = {}
        faults: dict[int, list[ErrorDetail]] = {}
        for place, pk in enumerate(values["answers"]):
            found = known.get(pk)
            if found is None:
                faults[place] = [
                    _fault(_("Answer %(answer)s belongs to no question."), "answer_unknown", answer=pk)
                ]
            elif found.question_id in chosen:
                faults[place] = [
                    _fault(
                        _("Question %(question)s has two answers: %(first)s and %(second)s."),
                        "question_answered_twice",
                        question=found.question_id,
                        first=sent[found.question_id],
                        second=pk,
                    )
                ]
            else:
                chosen[found.question_id] = found
                sent[found.question_id] = pk
        missing = {
            question.id: [
                _fault(_("Question %(question)s has no answer."), "question_unanswered", question=question.id)
            ]
            for question in questions
            if question.id not in chosen
        }
        values["answers"] = list(chosen.values())
        return {name: wrong for name, wrong in (("answers", faults), ("questions", missing)) if wrong}


def _fault(sentence: Any, code: str, **names: int | str) -> ErrorDetail:
    return ErrorDetail(str(sentence) % names, code)


class EnrolledSerializer(serializers.Serializer[Any]):
    msg = serializers.CharField()


class AnswerSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    answer = serializers.CharField(source="text")
    dormitory = serializers.IntegerField(source="house_id", help_text="the house that the answer speaks for")


class QuestionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    question = serializers.CharField(source="text")
    answers = AnswerSerializer(many=True)


class QuestionsSerializer(serializers.Serializer[Any]):
    questions = QuestionSerializer(many=True)


class OpaqueAnswerSerializer(serializers.Serializer[Any]):
    id = serializers.SerializerMethodField()
    answer = serializers.CharField(source="text")

    def get_id(self, answer: Answer) -> str:
        return opaque_id(answer.pk)


class OpaqueQuestionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    question = serializers.CharField(source="text")
    answers = OpaqueAnswerSerializer(many=True)


class OpaqueQuestionsSerializer(serializers.Serializer[Any]):
    """The questions without the houses of their answers."""

    questions = OpaqueQuestionSerializer(many=True)


class RecordSerializer(serializers.Serializer[Any]):
    """The student's record after the sorting."""

    id = serializers.IntegerField()
    fullname = serializers.CharField()
    dormitory_id = serializers.IntegerField(source="house_id")
    dormitory = serializers.CharField(source="house.name")
    portrait = PublicUrl(source="own_picture")
    birthday = serializers.DateField(allow_null=True)
    join_date = serializers.DateField(allow_null=True)


class HouseNameSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    local_name = serializers.CharField(help_text="in the language of the answer; `name` where there is none")
    colour = serializers.CharField(help_text="#rrggbb")


class HouseSerializer(HouseNameSerializer):
    desc = serializers.CharField(source="text")
    crest = PublicUrl(source="logo")


class HousesSerializer(serializers.Serializer[Any]):
    houses = HouseSerializer(many=True)


class ScoreSerializer(serializers.Serializer[Any]):
    dormitory = serializers.IntegerField(source="house.id")
    name = serializers.CharField(source="house.name")
    score = serializers.IntegerField(help_text="of the quiz")
    look = serializers.FloatField(help_text="what the picture adds; 0 where it takes no part")


class SeenSerializer(serializers.Serializer[Any]):
    """One thing that gave points in the picture."""

    feature = serializers.CharField()
    words = serializers.SerializerMethodField(help_text="what was seen, to be checked against the picture")
    points = serializers.FloatField()
    symbol = serializers.CharField(help_text="of the houses that get the points")

    def get_words(self, one: Seen) -> str:
        return in_words(one)


class SortedSerializer(serializers.Serializer[Any]):
    """The house that won, and what each house scored, in the order of ids."""

    house = HouseSerializer()
    scores = ScoreSerializer(many=True)
    looked = serializers.BooleanField(help_text="whether the picture took part")
    seen = SeenSerializer(many=True, help_text="what gave points in the picture")


class LookSerializer(serializers.Serializer[Any]):
    """What the sorting knows of the picture."""

    wanted = serializers.BooleanField(help_text="whether the student lets the sorting look at the picture")
    ready = serializers.BooleanField(help_text="whether the picture was read by now")
    used = serializers.BooleanField(help_text="whether it took part in the student's sorting")
    seen = SeenSerializer(many=True)


class CardSerializer(serializers.Serializer[Any]):
    """The student card."""

    number = serializers.CharField(source="student.student_number")
    fullname = serializers.CharField(source="student.fullname")
    birthday = serializers.DateField(source="student.birthday", allow_null=True)
    join_date = serializers.DateField(source="student.join_date", allow_null=True)
    house = HouseNameSerializer(source="student.house")
    crest = PublicUrl(source="student.house.logo")
    portrait = FilesSerializer(source="files")


class CardShareSerializer(serializers.Serializer[Any]):
    """Whether the card is public, and at which URL."""

    shared = serializers.BooleanField()
    url = PublicUrl(allow_null=True, help_text="of the public page; null while the card is not shared")
    created = serializers.DateTimeField(allow_null=True)
