"""Writes to accounts."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from user.models import SchoolClass, User
from user.passwords import canonical_password
from user.student_csv import NewStudent


def sign_up(
    *, username: str, fullname: str, password: str, email: str = "", join_code: SchoolClass | None = None
) -> User:
    """A new student, in the class of the join code. ``IntegrityError`` when the username was taken since."""
    return User.objects.create_user(
        username=username, fullname=fullname, password=password, email=email, school_class=join_code
    )


@transaction.atomic
def import_students(rows: Iterable[NewStudent]) -> list[User]:
    """An account without a password for each row, and classes that are named there; all of them or none."""
    classes = {found.name: found for found in SchoolClass.objects.all()}
    students = []
    for row in rows:
        name = row.school_class
        if name and name not in classes:
            classes[name] = SchoolClass.objects.create(name=name)
        students.append(
            User.objects.create_user(
                username=row.username, fullname=row.fullname, email=row.email, school_class=classes.get(name)
            )
        )
    return students


def change_record(*, student: User, fullname: str | None = None, email: str | None = None) -> None:
    """Another name, another e-mail address, or both. The card is drawn again, as the name is on it."""
    changes = {"fullname": fullname, "email": email}
    for name, value in changes.items():
        if value is not None:
            setattr(student, name, value)
    fields = [name for name, value in changes.items() if value is not None]
    if fields:
        # The other columns are those of the worker and of other requests.
        student.save(update_fields=fields)


def change_password(*, student: User, password: str) -> None:
    """Give ``student`` a new password; all tokens issued before carry the old one's hash and become invalid.

    Raises ``AuthenticationFailed`` (401, ``password_changed``) when a concurrent request changed it first.
    """
    hashed = make_password(canonical_password(password))
    # Compare-and-swap: of two concurrent requests with the correct old password only the first one succeeds.
    changed = User.objects.filter(pk=student.pk, password=student.password).update(
        password=hashed, token_version=User.next_token_version()
    )
    if not changed:
        raise AuthenticationFailed(code="password_changed")
    student.refresh_from_db(fields=["password", "token_version"])


def delete_account(*, student: User) -> None:
    """Delete the student with the portraits, the guestbook entries and the tokens; the files go after the commit.

    A worker that is making a portrait drops it, because the job no longer exists.
    Raises ``PermissionDenied`` (403, ``staff_account``): staff accounts are deleted in the admin.
    """
    if student.is_staff or student.is_superuser:
        raise PermissionDenied(_("Staff accounts are closed in the admin."), code="staff_account")
    delete_student(student)


def delete_student(student: User) -> None:
    """Delete any account. The row is locked first, so that a worker's result is written before or not at all."""
    with transaction.atomic():
        if User.objects.select_for_update().filter(pk=student.pk).values_list("pk").first():
            student.delete()


def forget_expired_tokens(*, dry_run: bool = False) -> int:
    """Delete tokens, spent or not, that have expired, and return their number."""
    expired = OutstandingToken.objects.filter(expires_at__lte=timezone.now())
    count = expired.count()
    if not dry_run:
        expired.delete()
    return count
