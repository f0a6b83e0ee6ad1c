"""Input of the account endpoints, checked."""

from __future__ import annotations

import unicodedata
from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from user.models import User


class SignUpSerializer(serializers.Serializer[User]):
    """``fullname``, ``username`` (each at most 20 characters) and ``password``."""

    fullname = serializers.CharField(max_length=20)
    username = serializers.CharField(max_length=20)
    password = serializers.CharField(write_only=True, trim_whitespace=False, max_length=128)

    def validate_fullname(self, value: str) -> str:
        """The name in composed form (NFC), without control characters."""
        value = unicodedata.normalize("NFC", value)
        if any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in value):
            raise serializers.ValidationError(
                _("A name is made of visible characters."), code="invisible_characters"
            )
        return value

    def validate_username(self, value: str) -> str:
        """The name in the form in which it is kept (NFKC), free to take."""
        value = User.normalize_username(value)
        if len(value) > 20:
            raise serializers.ValidationError(_("At most 20 characters."), code="max_length")
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
        """The password under the validators of the settings, which also compare it with the names."""
        student = User(username=attrs["username"], fullname=attrs["fullname"])
        try:
            validate_password(attrs["password"], user=student)
        except DjangoValidationError as error:
            raise serializers.ValidationError(
                {
                    "password": [
                        serializers.ErrorDetail(text, code=entry.code or "invalid")
                        for entry in error.error_list
                        for text in entry.messages
                    ]
                }
            ) from None
        return attrs
