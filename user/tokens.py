"""Token pairs, with checks that simplejwt lacks: deleted accounts, changed passwords, reuse of a refresh token.

A sign-in begins a *family* of refresh tokens; each refresh spends one and gives the next one. A token that comes
back after it was spent has been copied, by the thief or from the thief. So the whole family ends (OAuth 2.1,
section 4.3.1), and with it the access tokens.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, cast

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.serializers import TokenObtainPairSerializer
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.utils import get_md5_hash_password

from user.authentication import VERSION_CLAIM
from user.models import User

logger = logging.getLogger(__name__)

# Two tabs that refresh at the same time, or a client whose answer was lost, send the same token twice.
GRACE = timedelta(seconds=10)


class PairSerializer(TokenObtainPairSerializer):
    """``username`` and ``password`` for ``{access, refresh}``; 401 when they do not fit."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A space at the end belongs to the password, as in the sign-up.
        password: Any = self.fields["password"]
        password.trim_whitespace = False

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        # Keyboards compose Hangul differently; the name is stored in one normal form.
        username = User.normalize_username(attrs[self.username_field])
        return super().validate({**attrs, self.username_field: username})

    @classmethod
    def get_token(cls, user: Any) -> RefreshToken:
        return issue(user)


class RefreshSerializer(serializers.Serializer[Any]):
    """A new pair for a refresh token whose student still exists, is active and has the same password."""

    refresh = serializers.CharField()
    access = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """``{"access", "refresh"}``; the token that was sent is spent.

        Raises ``TokenError`` or ``InvalidToken`` (both end as 401).
        """
        new = rotate(attrs["refresh"], twice=False)
        return {"access": str(new.access_token), "refresh": str(new)}


class LogoutSerializer(serializers.Serializer[Any]):
    """The refresh token of the session that ends."""

    refresh = serializers.CharField(write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Nothing; the session is ended. Raises ``TokenError`` (401) for one that has ended before."""
        spend(attrs["refresh"])
        return {}


class _Signed(RefreshToken):
    """A refresh token of ours that has not expired; whether it was spent is left to the caller."""

    def check_blacklist(self) -> None:
        """Nothing is refused here."""


def issue(student: User) -> RefreshToken:
    """The first refresh token of a new family, recorded."""
    return _issue(student, RefreshToken()[api_settings.JTI_CLAIM])


def rotate(raw: str, *, twice: bool = True) -> RefreshToken:
    """The token that takes the place of ``raw``, which is spent.

    The same token sent again within ``GRACE`` gives the same successor, so that tabs which share a cookie do
    not sign each other out; with ``twice=False`` it is refused, and the session goes on. Later it ends the session.
    Raises ``TokenError`` or ``InvalidToken``: also for a token that was signed out, which has no successor.
    """
    old = _Signed(cast(Any, raw))
    with transaction.atomic():
        student = _owner(old)
        spent, first_use = _blacklist(old)
        if first_use:
            return _issue(student, _successor_id(old))
        living = _living(old).first()
        reused = living is not None and not _just_now(spent)
        if reused:
            _revoke(old)
    if reused:
        logger.warning("a spent refresh token of student %s was used again: the session ends", student.pk)
    elif living is not None and twice:
        token = _Signed(cast(Any, living.token))
        # It may have been issued before a sign-out elsewhere.
        token[VERSION_CLAIM] = student.token_version
        return token
    raise TokenError("The token was spent before.")


def spend(raw: str) -> None:
    """End the session that ``raw`` belongs to, also when another tab has just rotated it, and all access tokens.

    Raises ``TokenError`` for a token that was spent before; one that was spent a while ago ends its session as well.
    """
    token = _Signed(cast(Any, raw))
    with transaction.atomic():
        _locked(token)
        spent, first_use = _blacklist(token)
        living = _living(token).exists()
        if first_use or living:
            _revoke(token)
    if not first_use and not (living and _just_now(spent)):
        raise TokenError("The token was spent before.")


def _revoke(token: RefreshToken) -> None:
    """End the family of ``token``, and all access tokens of the student; other sessions get new ones by refreshing.

    The student's row must be locked, so that no other request adds a token to the family.
    """
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=row) for row in _living(token)])
    User.objects.filter(pk=token[api_settings.USER_ID_CLAIM]).update(token_version=User.next_token_version())


def _living(token: RefreshToken) -> QuerySet[OutstandingToken]:
    """The tokens of the family that are not spent: one, or none when the session has ended."""
    family = _family(token)
    return OutstandingToken.objects.filter(
        Q(jti=family) | Q(jti__startswith=f"{family}."),
        user_id=token[api_settings.USER_ID_CLAIM],
        blacklistedtoken=None,
    )


def _just_now(spent: BlacklistedToken) -> bool:
    return spent.blacklisted_at >= timezone.now() - GRACE


def _family(token: RefreshToken) -> str:
    """The id of the family's first token. Later ones append a dot and their number."""
    return str(token[api_settings.JTI_CLAIM]).partition(".")[0]


def _successor_id(token: RefreshToken) -> str:
    """The id of the next token of the family. It can be guessed; the token is signed."""
    number = str(token[api_settings.JTI_CLAIM]).partition(".")[2]
    return f"{_family(token)}.{int(number or 0) + 1}"


def _issue(student: User, token_id: str) -> RefreshToken:
    """A recorded refresh token with this id."""
    token = RefreshToken()
    token[api_settings.JTI_CLAIM] = token_id
    token[api_settings.USER_ID_CLAIM] = str(student.pk)
    token[api_settings.REVOKE_TOKEN_CLAIM] = get_md5_hash_password(student.password)
    token[VERSION_CLAIM] = student.token_version
    OutstandingToken.objects.create(
        user=student,
        jti=token_id,
        token=str(token),
        created_at=token.current_time,
        expires_at=token.current_time + cast(timedelta, token.lifetime),
    )
    return token


def _blacklist(token: RefreshToken) -> tuple[BlacklistedToken, bool]:
    """Blacklist the token. The second value is whether this was its first use."""
    # A concurrent second call waits here for the first commit. simplejwt annotates only the row.
    return cast(tuple[BlacklistedToken, bool], token.blacklist())


def _owner(token: RefreshToken) -> User:
    """The student whom the token authenticates, locked. Raises InvalidToken."""
    student = _locked(token)
    if student is None or not student.is_active:
        raise InvalidToken(code="user_not_found")
    if token.payload.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(student.password):
        raise InvalidToken(code="password_changed")
    return student


def _locked(token: RefreshToken) -> User | None:
    """The student of the token, whose tokens no other request changes until the transaction ends."""
    owner = token.payload.get(api_settings.USER_ID_CLAIM, 0)
    return User.objects.select_for_update().filter(pk=owner).first()
