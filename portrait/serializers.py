"""The forms and answers of the portrait endpoints."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portrait.models import PortraitJob
from portrait.selectors import NO_JOB
from user.fields import PublicUrl

# The ignored assignments: the stubs think of Field.style, a hint for HTML forms, which a declared field replaces.


class UploadSerializer(serializers.Serializer[Any]):
    """The multipart form, for the API's description; the view checks it, with a code for each fault."""

    pic = serializers.FileField()
    style = serializers.CharField(required=False, allow_blank=True)  # type: ignore[assignment]
    motion = serializers.CharField(required=False, allow_blank=True)
    order = serializers.ChoiceField(PortraitJob.Order.choices, required=False, allow_blank=True)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)


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
    attempts = serializers.IntegerField()
    created = serializers.DateTimeField(allow_null=True)


class ChoiceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField()


class OptionsSerializer(serializers.Serializer[Any]):
    styles = ChoiceSerializer(many=True)
    motions = ChoiceSerializer(many=True)
    orders = ChoiceSerializer(many=True)
