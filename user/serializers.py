"""Input of the account endpoints, checked, and the student's own record as they see it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from common.fields import PublicUrl, Text, ThoroughSerializer
from user import recovery
from user.api_fields import FullnameField, NewUsernameField, PasswordField
from user.models import SchoolClass, User
from user.passwords import canonical_password
from user.selectors import class_of_code

EMAIL_HELP = "for a link when the password is forgotten; only the student and staff see it"


class SignUpSerializer(ThoroughSerializer):
    """``fullname`` (at most 40 characters), ``username`` (at most 20), ``password``; ``email``, ``join_code``."""

    fullname = FullnameField()
    username = NewUsernameField()
    password = PasswordField()
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254, help_text=EMAIL_HELP)

    join_code = Text(
        required=False,
        allow_blank=True,
        max_length=40,
        help_text="of a class, from its staff; empty without one",
    )

    def validate_join_code(self, value: str) -> SchoolClass | None:
        """The class, or None without a code."""
        school_class = class_of_code(value)
        if value and school_class is None:
            raise serializers.ValidationError(
                _("There is no open class with this code."), code="join_code_unknown"
            )
        return school_class

    def validate_username(self, value: str) -> str:
        """The name, which is free to take."""
        if User.objects.filter(username=value).exists():
            raise serializers.ValidationError(
                _("A student with that username already exists."), code="username_taken"
            )
        return value

    def faults(self, values: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        # The password is compared with the names as they were typed where those are refused.
        names = {name: str(values.get(name, data.get(name, ""))) for name in ("username", "fullname")}
        return _password_faults(values, "password", User(**names))


class PasswordSerializer(ThoroughSerializer):
    """``old_password`` and ``new_password`` of the student in the context."""

    old_password = PasswordField()
    new_password = PasswordField()

    def validate_old_password(self, value: str) -> str:
        return check_own_password(value, self.context["student"])

    def faults(self, values: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        found = _password_faults(values, "new_password", self.context["student"])
        same = {
            canonical_password(values[name]) for name in ("old_password", "new_password") if name in values
        }
        if len(values) == 2 and len(same) == 1:
            unchanged = ErrorDetail(str(_("This is the password you have already.")), "password_unchanged")
            return {"new_password": [unchanged, *found.get("new_password", [])]}
        return found


class RecoveredSerializer(ThoroughSerializer):
    """The ``link`` of a recovery and the ``new_password``; the view looks up whose it is."""

    link = Text(write_only=True, max_length=200, help_text="what follows `#/new-password/` in the link")
    new_password = PasswordField()

    def validate_link(self, value: str) -> User:
        """The student whom the link was made for."""
        student = recovery.student_of(value)
        if student is None:
            raise serializers.ValidationError([link_invalid()])
        return student

    def faults(self, values: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        return _password_faults(values, "new_password", values.get("link") or User())


class ForgottenSerializer(serializers.Serializer[Any]):
    """Who has forgotten the password."""

    username = Text(max_length=254, help_text="or the e-mail address of the account")


class ByEmailSerializer(serializers.Serializer[Any]):
    by_email = serializers.BooleanField(
        help_text="whether a link can be sent by e-mail, or only staff hand one out"
    )


class ChangesSerializer(ThoroughSerializer):
    """What the student in the context changes of the account; the ``password`` proves who changes the address."""

    fullname = FullnameField(required=False)
    email = serializers.EmailField(required=False, allow_blank=True, max_length=254, help_text=EMAIL_HELP)
    password = PasswordField(required=False, help_text="needed for `email`")

    def validate_password(self, value: str) -> str:
        return check_own_password(value, self.context["student"])

    def faults(self, values: dict[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
        if "email" in data and "password" not in data:
            field = self.fields["password"]
            return {"password": [ErrorDetail(str(field.error_messages["required"]), "required")]}
        return {}


class SpentSerializer(serializers.Serializer[Any]):
    """A refresh token, for the API's description: only a browser's session, which has its cookie, leaves it out."""

    refresh = serializers.CharField(required=False)


class PairAnswerSerializer(serializers.Serializer[Any]):
    """An access token, and the refresh token unless that went into the cookie of a browser's session."""

    access = serializers.CharField()
    refresh = serializers.CharField(required=False)


class ConfirmSerializer(serializers.Serializer[User]):
    """The ``password`` of the student in the context, for what cannot be undone."""

    password = PasswordField()

    def validate_password(self, value: str) -> str:
        return check_own_password(value, self.context["student"])


class OwnHouseSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    local_name = serializers.CharField(help_text="in the language of the answer; `name` where there is none")
    colour = serializers.CharField(help_text="#rrggbb")


class MeSerializer(serializers.Serializer[User]):
    """The student's own record; what the sorting fills in is null before it."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    fullname = serializers.CharField()
    email = serializers.CharField(help_text="empty where none was given")
    birthday = serializers.DateField(allow_null=True)
    join_date = serializers.DateField(allow_null=True)
    house = OwnHouseSerializer(allow_null=True)
    portrait = PublicUrl(
        source="own_picture", help_text="the portrait, the photo of one that is being made, or an empty frame"
    )
    photographed = serializers.BooleanField(help_text="whether there is a photo or a portrait of the student")
    signed_up = serializers.DateTimeField(source="date_joined")


def link_invalid() -> ErrorDetail:
    """The fault of a link that is forged, used or too old."""
    return ErrorDetail(
        str(_("This link was used before, or it is too old. Ask for a new one.")), "link_invalid"
    )


def _password_faults(values: dict[str, Any], field: str, student: User) -> dict[str, list[ErrorDetail]]:
    """What the validators of the settings, which also compare it with the names, say about a new password."""
    if field not in values:
        return {}
    try:
        validate_password(canonical_password(values[field]), user=student)
    except DjangoValidationError as error:
        return {
            field: [
                ErrorDetail(text, code=entry.code or "invalid")
                for entry in error.error_list
                for text in entry.messages
            ]
        }
    return {}


def check_own_password(password: str, student: User) -> str:
    """``password`` if it is the student's. ValidationError with code ``wrong_password``."""
    if not student.check_password(password):
        raise serializers.ValidationError(_("The password is wrong."), code="wrong_password")
    return password
