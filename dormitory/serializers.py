"""Input of the sorting endpoints, checked."""

from __future__ import annotations

import datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from dormitory.models import House

# The oldest person on record lived 122 years; an earlier birthday is a slip of the finger.
OLDEST_YEARS = 122


class EnrolSerializer(serializers.Serializer[House]):
    """``dormitory`` (a house id) and ``birthday`` (YYYY-MM-DD)."""

    dormitory = serializers.PrimaryKeyRelatedField(queryset=House.objects.all())
    birthday = serializers.DateField(input_formats=["%Y-%m-%d"])

    def validate_birthday(self, value: datetime.date) -> datetime.date:
        today = timezone.localdate()
        if value > today:
            raise serializers.ValidationError(_("A birthday lies in the past."), code="birthday_in_future")
        if value.year < today.year - OLDEST_YEARS:
            raise serializers.ValidationError(_("This birthday is too long ago."), code="birthday_too_early")
        return value
