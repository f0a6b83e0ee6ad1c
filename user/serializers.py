"""Input of the account endpoints, checked, and the student's own record as they see it."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from common.fields import PublicUrl, Text
from user.models import User
from user.name_rules import check_fullname, check_username


class SignUpSerializer(serializers.Serializer[User]):
    """``fullname``, ``username`` (each at most 20 characters) and ``password``."""

    fullname = Text(max_length=20)
    username = Text(max_length=20)
    password = Text(write_only=True, trim_whitespace=False, max_length=128)

    def validate_fullname(self, value: str) -> str:
        """The name in composed form (NFC), which looks like what it is."""
        value = unicodedata.normalize("NFC", value)
        check_fullname(value)
        return value

    def validate_username(self, value: str) -> str:
        """The name in the form in which it is kept (NFKC), free to take."""
        value = User.normalize_username(value)
        if len(value) > 20:
            raise serializers.ValidationError(_("At most 20 characters."), code="max_length")
        check_username(value)
        try:
            UnicodeUsernameValidator()(value)
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages[0], code="invalid_username") from None
        if User.objects.filter(username=value).exists():
            raise serializers.ValidationError(
                _("A student with that username already exists."), code="username_taken"
            )
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        student = User(username=attrs["username"], fullname=attrs["fullname"])
        check_new_password(attrs["password"], student, field="password")
        return attrs


class PasswordSerializer(serializers.Serializer[User]):
    """``old_password`` and ``new_password`` of the student in the context."""

    old_password = Text(write_only=True, trim_whitespace=False, max_length=128)
    new_password = Text(write_only=True, trim_whitespace=False, max_length=128)

    def validate_old_password(self, value: str) -> str:
        return check_own_password(value, self.context["student"])

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["new_password"] == attrs["old_password"]:
            raise serializers.ValidationError(
                {
                    "new_password": [
                        ErrorDetail(str(_("This is the password you have already.")), "password_unchanged")
                    ]
                }
            )
        check_new_password(attrs["new_password"], self.context["student"], field="new_password")
        return attrs


class SpentSerializer(serializers.Serializer[Any]):
    """A refresh token, for the API's description: only a browser's session, which has its cookie, leaves it out."""

    refresh = serializers.CharField(required=False)


class PairAnswerSerializer(serializers.Serializer[Any]):
    """An access token, and the refresh token unless that went into the cookie of a browser's session."""

    access = serializers.CharField()
    refresh = serializers.CharField(required=False)


class ConfirmSerializer(serializers.Serializer[User]):
    """The ``password`` of the student in the context, for what cannot be undone."""

    password = Text(write_only=True, trim_whitespace=False, max_length=128)

    def validate_password(self, value: str) -> str:
        return check_own_password(value, self.context["student"])


class OwnHouseSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    colour = serializers.CharField(help_text="#rrggbb")


class MeSerializer(serializers.Serializer[User]):
    """The student's own record; what the sorting fills in is null before it."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    fullname = serializers.CharField()
    birthday = serializers.DateField(allow_null=True)
    join_date = serializers.DateField(allow_null=True)
    house = OwnHouseSerializer(allow_null=True)
    portrait = PublicUrl(
        source="own_picture", help_text="the portrait, the photo of one that is being made, or an empty frame"
    )
    photographed = serializers.BooleanField(help_text="whether there is a photo or a portrait of the student")
    signed_up = serializers.DateTimeField(source="date_joined")


def check_new_password(password: str, student: User, *, field: str) -> None:
    """The validators of the settings, which also compare it with the names. Raises ValidationError at ``field``."""
    try:
        validate_password(password, user=student)
    except DjangoValidationError as error:
        raise serializers.ValidationError(
            {
                field: [
                    ErrorDetail(text, code=entry.code or "invalid")
                    for entry in error.error_list
                    for text in entry.messages
                ]
            }
        ) from None


def check_own_password(password: str, student: User) -> str:
    """``password`` if it is the student's. ValidationError with code ``wrong_password``."""
    if not student.check_password(password):
        raise serializers.ValidationError(_("The password is wrong."), code="wrong_password")
    return password
