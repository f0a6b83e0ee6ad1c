"""Reads of accounts."""

from __future__ import annotations

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from common.prepared import Parameter, Prepared
from user.join_codes import canonical_code
from user.models import SchoolClass, User

_BY_ID = Prepared(lambda: User.objects.filter(pk=Parameter("pk", User._meta.pk)))


def signed_in(request: Request) -> User:
    """The student whose token came with ``request``. Raises ``NotAuthenticated`` (401) without one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def with_house(student: User) -> User:
    """The student's record as it is now, its house with it, in one query."""
    return User.objects.select_related("house").get(pk=student.pk)


def by_id(pk: object) -> User | None:
    """The student's record without its house, in one query that is compiled once; None where there is no such one."""
    return _BY_ID.first(pk=pk)


def number_of(username: str) -> int | None:
    """The id of the account with this username, in normal form; None where there is none."""
    # PostgreSQL cannot be asked for what no username has.
    if not username.isprintable():
        return None
    return User.objects.filter(username=username).values_list("pk", flat=True).first()


def class_of_code(code: str) -> SchoolClass | None:
    """The open class with this join code, however it was typed; None where there is none."""
    canonical = canonical_code(code)
    # PostgreSQL cannot be asked for what no code has.
    if not canonical.isalnum():
        return None
    return SchoolClass.objects.filter(code=canonical, open=True).first()
