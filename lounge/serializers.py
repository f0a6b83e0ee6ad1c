"""The forms and answers of the lounge."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from common.fields import PublicUrl, Text, origin
from dormitory.serializers import HouseNameSerializer
from lounge import text
from lounge.models import Entry, Reaction
from lounge.tiles import TilesSerializer, tiles

# One schema in the API's description, by ENUM_NAME_OVERRIDES of the settings.
REACTIONS = list(Reaction.Kind.values)


@extend_schema_field({"type": "string", "minLength": text.MIN_LENGTH, "maxLength": text.MAX_LENGTH})
class ContentField(serializers.CharField):
    """A text under the rules of :func:`lounge.text.clean`, each refusal with its own code."""

    default_error_messages = {
        "blank": _("Please write something that can be seen."),
        "control_characters": _("The text contains control characters."),
        "direction_overrides": _("The text contains characters that reverse its direction."),
        "min_length": _("Please write at least {length} characters."),
        "max_length": _("Please write at most {length} characters."),
    }
    bounds = {"min_length": text.MIN_LENGTH, "max_length": text.MAX_LENGTH}

    def __init__(self, **kwargs: Any) -> None:
        # The rules look at the text as it was typed.
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        # The base class would take numbers for texts.
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return text.clean(data)
        except text.TextProblem as problem:
            raise serializers.ValidationError(
                [
                    ErrorDetail(str(self.error_messages[code]).format(length=self.bounds.get(code)), code)
                    for code in problem.codes
                ]
            ) from None


class WriteSerializer(serializers.Serializer[Any]):
    """``content``: more than 5 and at most 250 characters."""

    content = ContentField()


class EntrySerializer(serializers.Serializer[Entry]):
    """An entry on the board, with the author's name, house and portrait."""

    id = serializers.IntegerField()
    content = serializers.CharField()
    author = serializers.IntegerField(source="author_id")
    author_name = serializers.CharField(source="author.fullname")
    # Empty when an admin has taken the author out of the house.
    dorm_name = serializers.CharField(source="author.house.name", default="")
    icon = PublicUrl(source="author.small_picture")
    created = serializers.SerializerMethodField()
    edited = serializers.BooleanField()

    def get_created(self, entry: Entry) -> str:
        """The day, Asia/Seoul, as yy.mm.dd."""
        return timezone.localtime(entry.created_at).strftime("%y.%m.%d")


class ReactionSerializer(serializers.Serializer[Any]):
    reaction = serializers.ChoiceField(REACTIONS)


class ReactionCountsSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field]:
        return {kind: serializers.IntegerField(min_value=0) for kind in REACTIONS}


class AttentionSerializer(serializers.Serializer[Any]):
    reactions = ReactionCountsSerializer(help_text="how many students chose each")
    own_reaction = serializers.ChoiceField(REACTIONS, allow_null=True)
    reported = serializers.BooleanField(help_text="whether the student who asks has reported it")


class ReportSerializer(serializers.Serializer[Any]):
    reason = Text(
        required=False, allow_blank=True, max_length=text.MAX_LENGTH, help_text="for staff; may be empty"
    )


class BoardEntrySerializer(EntrySerializer):
    """An entry and what students have done with it; the context has ``attention`` by entry id."""

    house = serializers.SerializerMethodField()
    portrait = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    attention = serializers.SerializerMethodField()

    @extend_schema_field(HouseNameSerializer(allow_null=True))
    def get_house(self, entry: Entry) -> Any:
        house = entry.author.house
        return HouseNameSerializer(house).data if house else None

    @extend_schema_field(TilesSerializer)
    def get_portrait(self, entry: Entry) -> Any:
        author = entry.author
        names = author.portrait.name, author.poster.name, author.tile.name, author.live.name
        return tiles(*names, base=origin(self.context["request"]))

    @extend_schema_field(AttentionSerializer)
    def get_attention(self, entry: Entry) -> Any:
        return AttentionSerializer(self.context["attention"][entry.pk]).data


class StudentSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    username = serializers.CharField()
    fullname = serializers.CharField()
    portrait = PublicUrl(source="own_picture")
    dormitory_name = serializers.CharField(source="house.name")


class MemberSerializer(serializers.Serializer[Any]):
    """All that the lounge tells about another student."""

    portrait = PublicUrl(source="small_picture")
    # For those who want no motion, or few bytes.
    poster = PublicUrl(source="resting_picture")
    # Played by web/lib/live.js; empty where there is none.
    live = PublicUrl(source="live_portrait")
    fullname = serializers.CharField()


class HousePageSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="house.name")
    desc = serializers.CharField(source="house.text")
    logo = PublicUrl(source="house.logo")
    users = MemberSerializer(many=True)


# Describes what ``lounge.page`` writes. A docstring would become a part of the API's description.
class LoungeSerializer(serializers.Serializer[Any]):
    user = StudentSerializer(many=True)
    house = HousePageSerializer(many=True)
    dorm_name = serializers.ListField(child=serializers.CharField())
    users_count = serializers.ListField(child=serializers.IntegerField())
    comments_count = serializers.ListField(child=serializers.IntegerField())
    board = EntrySerializer(many=True)


class HouseCountsSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="house.pk")
    name = serializers.CharField(source="house.name")
    local_name = serializers.CharField(source="house.local_name")
    colour = serializers.CharField(source="house.colour")
    students = serializers.IntegerField()
    entries = serializers.IntegerField()


class DayCountSerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    entries = serializers.IntegerField()


class StatsSerializer(serializers.Serializer[Any]):
    houses = HouseCountsSerializer(many=True)
    days = DayCountSerializer(many=True)


class MessageSerializer(serializers.Serializer[Any]):
    message = serializers.CharField()
