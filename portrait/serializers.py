"""The forms and answers of the portrait endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from common.fields import PublicUrl, Text
from portrait.engine.motion.strength import MAX_STRENGTH, MIN_STRENGTH
from portrait.models import PortraitJob
from portrait.selectors import NO_JOB

# The ignored assignments: the stubs think of Field.style, a hint for HTML forms, which a declared field replaces.


class UploadSerializer(serializers.Serializer[Any]):
    """The multipart form, for the API's description; the view checks it, with a code for each fault."""

    pic = serializers.FileField()
    style = serializers.CharField(required=False, allow_blank=True)  # type: ignore[assignment]
    motion = serializers.CharField(required=False, allow_blank=True)
    order = serializers.ChoiceField(PortraitJob.Order.choices, required=False, allow_blank=True)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    strength = serializers.FloatField(
        required=False, min_value=MIN_STRENGTH, max_value=MAX_STRENGTH, help_text="of the motion"
    )


class AcceptedSerializer(serializers.Serializer[Any]):
    msg = serializers.CharField()
    job = serializers.IntegerField()


class FilesSerializer(serializers.Serializer[Any]):
    still = PublicUrl(allow_null=True)
    webp = PublicUrl(allow_null=True)
    gif = PublicUrl(allow_null=True)
    mp4 = PublicUrl(allow_null=True)
    poster = PublicUrl(allow_null=True)


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()


class StatusSerializer(serializers.Serializer[Any]):
    job = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField([(NO_JOB, NO_JOB), *PortraitJob.State.choices])
    stage = serializers.CharField()
    progress = serializers.FloatField(min_value=0, max_value=1)
    eta = serializers.IntegerField(allow_null=True, help_text="seconds")
    poll_after = serializers.IntegerField(allow_null=True, help_text="seconds; null when nothing will change")
    error = ErrorSerializer(allow_null=True)
    portrait = PublicUrl(help_text="what the student's record shows now")
    files = FilesSerializer()
    style = serializers.CharField()  # type: ignore[assignment]
    motion = serializers.CharField()
    order = serializers.CharField()
    seed = serializers.IntegerField(allow_null=True)
    strength = serializers.FloatField(allow_null=True, help_text="of the motion")
    attempts = serializers.IntegerField()
    created = serializers.DateTimeField(allow_null=True)


class AgainSerializer(serializers.Serializer[Any]):
    """What may be chosen for another portrait of the same photo; left out or empty, the school chooses."""

    style = Text(required=False, allow_blank=True, max_length=64)  # type: ignore[assignment]
    motion = Text(required=False, allow_blank=True, max_length=64)
    order = Text(required=False, allow_blank=True, max_length=24)
    seed = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=2**31 - 1)
    strength = serializers.FloatField(
        required=False, allow_null=True, min_value=MIN_STRENGTH, max_value=MAX_STRENGTH
    )


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


class StrengthSerializer(serializers.Serializer[Any]):
    min = serializers.FloatField()
    max = serializers.FloatField()
    default = serializers.FloatField()


class OptionsSerializer(serializers.Serializer[Any]):
    styles = ChoiceSerializer(many=True)
    motions = ChoiceSerializer(many=True)
    orders = OrderSerializer(many=True)
    strength = StrengthSerializer(help_text="how large the motion may be, as a number")
    photo_kept_days = serializers.IntegerField(
        help_text="days after the latest portrait was finished until its uploaded photo is deleted"
    )
