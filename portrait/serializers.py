"""The forms and answers of the portrait endpoints."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from common.fields import PublicUrl, Text, ThoroughSerializer, public_url
from portrait import forms
from portrait.choices import number_rules
from portrait.engine.photo.choice import LARGEST
from portrait.engine.request import RULES, FieldRule, PortraitRequest
from portrait.models import PortraitJob
from portrait.selectors import NO_JOB, Status


def form_field(rule: FieldRule, *, multipart: bool) -> serializers.Field:
    """The field of a form that a rule describes; an empty text and, in JSON, a null number are no choice."""
    if multipart and rule.choices:
        texts = [str(choice) for choice in rule.choices]
        return serializers.ChoiceField(texts, required=False, allow_blank=True, help_text=rule.help)
    if rule.kind is str:
        return Text(required=False, allow_blank=True, max_length=rule.max_length, help_text=rule.help)
    limits: dict[str, Any] = {"min_value": rule.low, "max_value": rule.high}
    number = serializers.IntegerField if rule.kind is int else serializers.FloatField
    return number(required=False, allow_null=not multipart, help_text=rule.help, **limits)


class RequestFields(ThoroughSerializer):
    """The fields of PortraitRequest; what is left out or empty is not chosen."""

    multipart = False

    def get_fields(self) -> dict[str, serializers.Field]:
        chosen = {name: form_field(rule, multipart=self.multipart) for name, rule in RULES.items()}
        return {**super().get_fields(), **chosen}


FACE_HELP = "which of the `faces`: 0 is the largest"
BOX_HELP = (
    "`x,y,side`: left, top and side of the square from hairline to chin, in pixels of the stored `photo`; or, where"
    " no number exceeds 1, in fractions: x and side of the upright photo's width, y of its height"
)


class FaceFields(serializers.Serializer[Any]):
    """Which face of the photo; left out or empty, the largest."""

    face = serializers.IntegerField(
        required=False, allow_null=True, min_value=0, max_value=999, help_text=FACE_HELP
    )
    box = Text(required=False, allow_blank=True, max_length=60, help_text=BOX_HELP)


class UploadSerializer(RequestFields):
    """The multipart form, for the API's description; the view checks it, with a code for each fault."""

    multipart = True
    pic = serializers.FileField()
    face = serializers.IntegerField(required=False, min_value=0, max_value=999, help_text=FACE_HELP)
    box = serializers.CharField(required=False, allow_blank=True, max_length=60, help_text=BOX_HELP)
    look = serializers.BooleanField(
        required=False, help_text="whether the sorting may look at the picture; `false` where it is left out"
    )


class RetrySerializer(FaceFields):
    """The face that the photo is tried again with; left out, the same as before."""


class AgainSerializer(RequestFields, FaceFields):
    """What may be chosen for another portrait of the same photo; left out or empty, the school chooses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the fields say, and which of them say nothing that exists.
        self.asked, self.choice = PortraitRequest(), LARGEST
        self.wrong: forms.Faults = {}

    def faults(self, values: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        self.asked = forms.read_request(values, self.wrong)
        self.choice = forms.read_choice(values, self.wrong)
        return {}


class BoxSerializer(serializers.Serializer[Any]):
    """The square from hairline to chin, in pixels of the stored photo."""

    x = serializers.FloatField(help_text="of the left side")
    y = serializers.FloatField(help_text="of the top")
    side = serializers.FloatField()


class PhotoSerializer(serializers.Serializer[Any]):
    """The stored photo: upright, at most 2048 pixels a side."""

    width = serializers.IntegerField()
    height = serializers.IntegerField()
    turned = serializers.IntegerField(
        help_text="degrees by which the upload was turned clockwise to make its largest face upright"
    )


class HintSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class PhotoReportSerializer(serializers.Serializer[Any]):
    """What is known of the photo."""

    photo = PhotoSerializer(allow_null=True)
    faces = BoxSerializer(many=True, help_text="the largest first")
    chosen = BoxSerializer(allow_null=True, help_text="the face that is painted; null where none was found")
    source_size = serializers.IntegerField(
        allow_null=True,
        help_text="side of the crop in pixels of the stored photo; a portrait that is larger is enlarged from it",
    )
    hints = HintSerializer(many=True, help_text="what will look poor; no error")


class AcceptedSerializer(PhotoReportSerializer):
    msg = serializers.CharField()
    job = serializers.IntegerField()


class FilesSerializer(serializers.Serializer[Any]):
    """The files of a portrait by format; null for one that is not there."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {name: PublicUrl(allow_null=True) for name in PortraitJob.SHOWN}


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


def shown_field(name: str, rule: FieldRule) -> serializers.Field:
    """The field of an answer: before it is chosen or drawn, a text is empty and a number null."""
    source = f"request.{name}"
    if rule.kind is str:
        return serializers.CharField(source=source)
    number = serializers.IntegerField if rule.kind is int else serializers.FloatField
    return number(source=source, allow_null=True)


# Describes what ``status_document`` makes. A docstring would become a part of the API's description.
class StatusSerializer(PhotoReportSerializer):
    def get_fields(self) -> dict[str, serializers.Field]:
        """The job's state and, beside it, the fields of its request."""
        return {**super().get_fields(), **{name: shown_field(name, rule) for name, rule in RULES.items()}}

    job = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField([(NO_JOB, NO_JOB), *PortraitJob.State.choices])
    stage = serializers.CharField()
    progress = serializers.FloatField(min_value=0, max_value=1)
    eta = serializers.IntegerField(allow_null=True, help_text="seconds")
    poll_after = serializers.IntegerField(allow_null=True, help_text="seconds; null when nothing will change")
    error = ErrorSerializer(allow_null=True)
    portrait = PublicUrl(help_text="what the student's record shows now")
    files = FilesSerializer()
    attempts = serializers.IntegerField()
    created = serializers.DateTimeField(allow_null=True)


def status_document(state: Status, base: str) -> dict[str, Any]:
    """The answer that StatusSerializer describes, with URLs below the origin ``base``.

    Written out, because the framework's fields cost a polled answer more than all the rest of it.
    """
    return {
        "photo": state["photo"],
        "faces": state["faces"],
        "chosen": state["chosen"],
        "source_size": state["source_size"],
        "hints": state["hints"],
        "job": state["job"],
        "status": state["status"],
        "stage": state["stage"],
        "progress": state["progress"],
        "eta": state["eta"],
        "poll_after": state["poll_after"],
        "error": state["error"],
        "portrait": public_url(base, state["portrait"]),
        "files": {name: url and public_url(base, url) for name, url in state["files"].items()},
        "attempts": state["attempts"],
        "created": state["created"] and timezone.localtime(state["created"]).isoformat(),
        **state["request"],
    }


def status_body(state: Status, base: str) -> bytes:
    """:func:`status_document` as JSON in one line."""
    return json.dumps(status_document(state, base), ensure_ascii=False, separators=(",", ":")).encode()


class ChosenSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class EarlierSerializer(serializers.Serializer[Any]):
    """One of the student's portraits."""

    id = serializers.IntegerField()
    style = serializers.CharField()  # type: ignore[assignment]
    motion = serializers.CharField()
    files = FilesSerializer()
    created = serializers.DateTimeField()
    current = serializers.BooleanField(help_text="whether the student's record shows it now")


class HistorySerializer(serializers.Serializer[Any]):
    kept = serializers.IntegerField(help_text="how many portraits of a student stay; older ones are deleted")
    portraits = EarlierSerializer(many=True)


class ChoiceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()
    preview = PublicUrl(allow_null=True, help_text="a small moving picture, if one was made")
    preview_still = PublicUrl(allow_null=True, help_text="the same, standing still")


class OrderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()


class RangeSerializer(serializers.Serializer[Any]):
    min = serializers.FloatField()
    max = serializers.FloatField()
    default = serializers.FloatField()


class NumbersSerializer(serializers.Serializer[Any]):
    choices = serializers.ListField(child=serializers.IntegerField())
    default = serializers.IntegerField()


class OptionsSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field]:
        """The lists of names and, beside them, what each number may be."""
        numbers = {
            name: (NumbersSerializer if rule.choices else RangeSerializer)(help_text=rule.help)
            for name, rule in number_rules().items()
        }
        return {**super().get_fields(), **numbers}

    styles = ChoiceSerializer(many=True)
    motions = ChoiceSerializer(many=True)
    orders = OrderSerializer(many=True)
    photo_kept_days = serializers.IntegerField(
        help_text="days after the latest portrait was finished until its uploaded photo is deleted"
    )
