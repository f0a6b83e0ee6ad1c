"""Who sends a request: the student of an access token that has not been ended."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken
from rest_framework_simplejwt.utils import aware_utcnow, get_md5_hash_password

from user.selectors import by_id

# A student's access tokens end when the number in the row becomes another one than that in the token.
VERSION_CLAIM = "version"


@lru_cache(maxsize=4096)
def _verified(raw_token: bytes) -> AccessToken:
    """Raises TokenError; a refused token is not remembered."""
    token: Any = raw_token
    return AccessToken(token)


class StudentAuthentication(JWTAuthentication):
    """``Authorization: Bearer`` and an access token.

    The student's row, which is read anyway, has the number that the token must have: a token that was issued before
    the last sign-out is refused (401, ``token_not_valid``).
    """

    def get_validated_token(self, raw_token: bytes) -> AccessToken:
        """The token, whose signature is checked once and whose end each time. Raises InvalidToken."""
        try:
            token = _verified(raw_token)
            # The token's own time is that of its first check.
            token.check_exp(current_time=aware_utcnow())
        except TokenError as error:
            raise InvalidToken from error
        return token

    def get_user(self, validated_token: Any) -> Any:
        """The token's student; the checks of the base class and the version.

        Raises InvalidToken and AuthenticationFailed, with the base class's codes.
        """
        number = validated_token.get(api_settings.USER_ID_CLAIM)
        if number is None:
            raise InvalidToken
        student = by_id(number)
        if student is None:
            raise AuthenticationFailed(code="user_not_found")
        if not student.is_active:
            raise AuthenticationFailed(code="user_inactive")
        if validated_token.get(api_settings.REVOKE_TOKEN_CLAIM) != get_md5_hash_password(student.password):
            raise AuthenticationFailed(code="password_changed")
        # Tokens that were issued before there were versions count as the first one.
        if validated_token.get(VERSION_CLAIM, 0) != student.token_version:
            raise InvalidToken
        return student
