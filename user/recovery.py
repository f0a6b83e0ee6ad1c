"""Links by which a forgotten password is replaced: each works once, for a day, and not after a sign-in."""

from __future__ import annotations

import logging
import smtplib
from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import get_connection, send_mail
from django.db.models import Q
from django.utils.http import base36_to_int, int_to_base36
from django.utils.translation import gettext as _

from user.models import User
from user.name_rules import folded

logger = logging.getLogger(__name__)

# Where the page shows the form; what follows is not sent to any server before the form is.
PAGE = "/#/new-password/"
# Accounts with one e-mail address that get a letter each.
_MAX_LETTERS = 5
_MAIL_FAULTS = (OSError, smtplib.SMTPException)

# Signs the account's number, password hash, last sign-in, address and the time: a change of any ends the link.
_tokens = PasswordResetTokenGenerator()


class MailError(Exception):
    """The mail server could not be reached, or it refused the sign-in."""


def by_email() -> bool:
    """Whether the installation can send letters (EMAIL_URL)."""
    return bool(settings.CAN_SEND_EMAIL)


def link_for(student: User, site: str) -> str:
    """The URL that lets its holder choose the student's password. ``site`` is scheme and host."""
    return f"{site}{PAGE}{int_to_base36(student.pk)}-{_tokens.make_token(student)}"


def student_of(link: str) -> User | None:
    """The student of a link, whole or what follows ``PAGE``; None for one that is forged, used or too old."""
    number, _dash, token = link.rpartition("/")[2].partition("-")
    try:
        student = User.objects.filter(pk=base36_to_int(number), is_active=True).first()
    except (ValueError, OverflowError):
        return None
    return student if student is not None and _tokens.check_token(student, token) else None


def send_links(name: str, site: str) -> int:
    """Send a link to the students with this username or e-mail address, and return how many letters went out.

    Accounts without an address get none, nor do those that staff have closed or given no password. Raises MailError
    where the mail server is away, before it looks for students: what is raised must not depend on who has an account.
    """
    connection = get_connection()
    try:
        connection.open()
    except _MAIL_FAULTS as error:
        logger.error("the mail server cannot be used: %s: %s", type(error).__name__, error)
        raise MailError from error
    try:
        students = User.objects.filter(Q(username=folded(name)) | Q(email__iexact=name), is_active=True)
        chosen = students.exclude(email="").order_by("id")[:_MAX_LETTERS]
        return sum(_send(student, site, connection) for student in chosen if student.has_usable_password())
    finally:
        connection.close()


def _send(student: User, site: str, connection: Any) -> bool:
    """Whether the mail server took the letter; a refusal, such as that of a wrong address, is logged."""
    text = _(
        "Hello %(name)s,\n\nwith this link you choose a new password for the account %(username)s. It works once,"
        " until tomorrow:\n\n%(link)s\n\nIf you did not ask for it, you need not do anything."
    )
    facts = {"name": student.fullname, "username": student.username, "link": link_for(student, site)}
    try:
        return bool(
            send_mail(_("A new password"), text % facts, None, [student.email], connection=connection)
        )
    except _MAIL_FAULTS as error:
        # The number of the account, and no address: a log is kept longer than an account.
        kind = type(error).__name__
        logger.error("the mail server does not take the letter to account %s: %s", student.pk, kind)
        return False
