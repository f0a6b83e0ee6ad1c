"""The fields in which the API takes names."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from common.fields import Text
from user.name_rules import FULLNAME_LENGTH, USERNAME_LENGTH, check_fullname, check_username, composed, folded
from user.passwords import canonical_password

PASSWORD_LENGTH = 128


class FullnameField(Text):
    """A name under the rules, in composed form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=FULLNAME_LENGTH, **kwargs)
        self.validators.append(check_fullname)

    def to_internal_value(self, data: Any) -> str:
        return composed(super().to_internal_value(data))


class NewUsernameField(Text):
    """A username under the rules, in the form in which it is kept (NFKC)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=USERNAME_LENGTH, **kwargs)
        self.validators.append(_check_new_username)

    def to_internal_value(self, data: Any) -> str:
        return folded(super().to_internal_value(data))


class ComposedLength(MaxLengthValidator):
    """Counts a password in its canonical form, in which a syllable is one character however it was typed."""

    def clean(self, value: Any) -> int:
        return len(canonical_password(value))


class PasswordField(Text):
    """A password as it was typed, spaces and all; :mod:`user.passwords` has its canonical form."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(write_only=True, trim_whitespace=False, **kwargs)
        message = str(self.error_messages["max_length"]).format(max_length=PASSWORD_LENGTH)
        self.validators.append(ComposedLength(PASSWORD_LENGTH, message=message))


def _check_new_username(username: str) -> None:
    """Raises ValidationError with ``invisible_characters``, or ``mixed_scripts`` and ``invalid_username``."""
    faults: list[ValidationError] = []
    try:
        check_username(username)
    except ValidationError as error:
        faults += error.error_list
    # What cannot be seen is no letter either; one sentence about it suffices.
    if not any(fault.code == "invisible_characters" for fault in faults):
        try:
            UnicodeUsernameValidator()(username)
        except ValidationError as error:
            faults.append(ValidationError(error.messages[0], code="invalid_username"))
    if faults:
        raise ValidationError(faults)
