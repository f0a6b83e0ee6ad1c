"""Who sends a request: the student of an access token that has not been ended."""

from __future__ import annotations

from typing import Any

from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken

# A student's access tokens end when the number in the row becomes another one than that in the token.
VERSION_CLAIM = "version"


class StudentAuthentication(JWTAuthentication):
    """``Authorization: Bearer`` and an access token.

    The student's row, which is read anyway, has the number that the token must have: a token that was issued before
    the last sign-out is refused (401, ``token_not_valid``).
    """

    def get_user(self, validated_token: Any) -> Any:
        student: Any = super().get_user(validated_token)
        # Tokens that were issued before there were versions count as the first one.
        if validated_token.get(VERSION_CLAIM, 0) != student.token_version:
            raise InvalidToken
        return student
