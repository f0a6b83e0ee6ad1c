"""Token pairs, with checks that simplejwt lacks: deleted accounts, changed passwords, reuse of a refresh token."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework import serializers
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from user.models import User

# Two tabs that refresh at the same time, or a client whose answer was lost, send the same cookie twice.
GRACE = timedelta(seconds=20)


class PairSerializer(TokenObtainPairSerializer):
    """``username`` and ``password`` for ``{access, refresh}``; 401 when they do not fit."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        # Keyboards compose Hangul differently; the name is stored in one normal form.
        username = User.normalize_username(attrs[self.username_field])
        return super().validate({**attrs, self.username_field: username})


class RefreshSerializer(serializers.Serializer[Any]):
    """A new pair for a refresh token whose student still exists, is active and has the same password."""

    refresh = serializers.CharField()
    access = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """``{"access", "refresh"}``; the token that was sent is blacklisted.

        Raises ``TokenError`` or ``InvalidToken`` (both end as 401).
        """
        old: RefreshToken = RefreshToken(attrs["refresh"])
        student = _owner(old)
        with transaction.atomic():
            _spent, first_use = _blacklist(old)
            if not first_use:
                raise InvalidToken
            new = RefreshToken.for_user(student)
        return {"access": str(new.access_token), "refresh": str(new)}


class _Signed(RefreshToken):
    """A refresh token of ours that has not expired; whether it was spent is left to the caller."""

    def check_blacklist(self) -> None:
        """Nothing is refused here."""


def rotate(raw: str) -> RefreshToken:
    """The token that takes the place of ``raw`` in a browser's cookie; ``raw`` is spent.

    The same token sent again within ``GRACE`` gives the same successor, so that tabs which share a cookie do
    not sign each other out. Raises ``TokenError`` or ``InvalidToken``: also for a token that was signed out, which
    has no successor.
    """
    old = _Signed(cast(Any, raw))
    _owner(old)
    with transaction.atomic():
        spent, first_use = _blacklist(old)
        if not first_use:
            return _living(old, spent)
        new = RefreshToken()
        new[api_settings.JTI_CLAIM] = _successor_id(old)
        for claim in (api_settings.USER_ID_CLAIM, api_settings.REVOKE_TOKEN_CLAIM):
            new[claim] = old[claim]
        new.outstand()
    return new


def spend(raw: str) -> None:
    """End the session that ``raw`` belongs to, also when another tab has just rotated it. Raises ``TokenError``."""
    token = _Signed(cast(Any, raw))
    with transaction.atomic():
        spent, first_use = _blacklist(token)
        if not first_use:
            _blacklist(_living(token, spent))


def _living(token: RefreshToken, spent: BlacklistedToken | None) -> RefreshToken:
    """The last successor of a token that was spent just now. Raises TokenError where there is none."""
    while spent is not None:
        row = OutstandingToken.objects.filter(jti=_successor_id(token)).first()
        if row is None or spent.blacklisted_at < timezone.now() - GRACE:
            raise TokenError("The token was spent before.")
        token = _Signed(cast(Any, row.token))
        spent = BlacklistedToken.objects.filter(token=row).first()
    return token


def _successor_id(token: RefreshToken) -> str:
    """The id of the next token, derived from this one, so that it need not be stored."""
    return salted_hmac("user.tokens.successor", token[api_settings.JTI_CLAIM]).hexdigest()[:32]


def _blacklist(token: RefreshToken) -> tuple[BlacklistedToken, bool]:
    """Blacklist the token. The second value is whether this was its first use."""
    # A concurrent second call waits here for the first commit. simplejwt annotates only the row.
    return cast(tuple[BlacklistedToken, bool], token.blacklist())


def _owner(token: RefreshToken) -> User:
    """The student whom the token authenticates. Raises InvalidToken."""
    student = User.objects.filter(pk=token.payload.get(api_settings.USER_ID_CLAIM, 0)).first()
    if student is None or not student.is_active:
        raise InvalidToken(code="user_not_found")
    if token.payload.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(student.password):
        raise InvalidToken(code="password_changed")
    return student
