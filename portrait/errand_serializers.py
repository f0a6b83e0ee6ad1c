"""The forms and answers of errands."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portrait.models import Errand
from portrait.selectors import NO_JOB
from portrait.serializers import ErrorSerializer


class ErrandSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField([(NO_JOB, NO_JOB), *Errand.State.choices])
    poll_after = serializers.IntegerField(allow_null=True, help_text="seconds; null when nothing will change")
    error = ErrorSerializer(allow_null=True)


class PreviewSerializer(serializers.Serializer[Any]):
    style = serializers.CharField()  # type: ignore[assignment]
    picture = serializers.CharField(help_text="a JPEG of 176 pixels, as a data: URL")


class PreviewsSerializer(ErrandSerializer):
    previews = PreviewSerializer(many=True, help_text="empty until the first ones are made")


class PerformanceSerializer(ErrandSerializer):
    ready = serializers.BooleanField(help_text="whether `performed` may be chosen as a motion")


class ClipSerializer(serializers.Serializer[Any]):
    clip = serializers.FileField(help_text="WebM or MP4, of two to six seconds and at most 10 MB")
