"""Token pairs: what simplejwt leaves open (deleted accounts, changed passwords, two uses of one refresh token)."""

from __future__ import annotations

from typing import Any, cast

from django.db import transaction
from rest_framework import serializers
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from user.models import User


class PairSerializer(TokenObtainPairSerializer):
    """``username`` and ``password`` for ``{access, refresh}``; 401 when they do not fit."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        # Keyboards differ in how they compose Hangul; the name is kept in one form only.
        username = User.normalize_username(attrs[self.username_field])
        return super().validate({**attrs, self.username_field: username})


class RefreshSerializer(serializers.Serializer[Any]):
    """A new pair for a refresh token whose student still exists, is active and has the same password."""

    refresh = serializers.CharField()
    access = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """``{"access", "refresh"}``; the token that was handed in is spent, whoever comes first.

        Raises ``TokenError`` or ``InvalidToken`` (both end as 401).
        """
        old: RefreshToken = RefreshToken(attrs["refresh"])
        student = User.objects.filter(pk=old.payload.get(api_settings.USER_ID_CLAIM, 0)).first()
        if student is None or not student.is_active:
            raise InvalidToken(code="user_not_found")
        if old.payload.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(student.password):
            raise InvalidToken(code="password_changed")
        with transaction.atomic():
            _spent, first_use = cast(tuple[BlacklistedToken, bool], old.blacklist())
            if not first_use:
                raise InvalidToken
            new = RefreshToken.for_user(student)
        return {"access": str(new.access_token), "refresh": str(new)}
