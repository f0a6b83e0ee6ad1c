"""The query and the answers of the gallery."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from dormitory.serializers import HouseNameSerializer
from lounge.gallery import NEWEST, RANDOM, Wanted
from lounge.tiles import TilesSerializer
from user.name_rules import FULLNAME_LENGTH, composed

MAX_ID = 2**31 - 1


class GalleryQuerySerializer(serializers.Serializer[Any]):
    name = serializers.CharField(
        required=False, allow_blank=True, max_length=FULLNAME_LENGTH, help_text="a part of the name"
    )
    house = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID, help_text="a house's id")
    order = serializers.ChoiceField(
        [NEWEST, RANDOM], required=False, help_text="newest portraits first (the default), or at random"
    )
    seed = serializers.IntegerField(
        required=False, min_value=0, max_value=MAX_ID, help_text="of the random order, which stays the same"
    )

    def to_wanted(self) -> Wanted:
        """What was asked for. Raises ``ValidationError`` (400)."""
        self.is_valid(raise_exception=True)
        found = dict(self.validated_data)
        return Wanted(**{**found, "name": composed(found.get("name", ""))})


class SinceSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField(help_text="`as_of` of an earlier answer")


class GalleryStudentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    fullname = serializers.CharField()
    house = HouseNameSerializer()
    portrait = TilesSerializer(help_text="each null where there is none: show a frame")
    portrait_at = serializers.DateTimeField(allow_null=True, help_text="when the portrait was made or chosen")
    joined = serializers.DateField(allow_null=True)


# Describes what ``lounge.gallery`` writes. A docstring would become a part of the API's description.
class GalleryPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    as_of = serializers.DateTimeField(help_text="the time of the answer")
    results = GalleryStudentSerializer(many=True)


class NewPortraitsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    as_of = serializers.DateTimeField()
