"""Staff: an admin who may do everything, a colleague with view permissions, and one without permissions."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from user.models import User


def staff(name: str, *permissions: str) -> User:
    """A member of staff with these permissions (``app.codename``)."""
    user = User.objects.create_user(username=name, fullname=name.title(), is_staff=True)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def admin_client(user: User) -> Client:
    """A browser in which ``user`` is signed in, in English."""
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def admin(db: None) -> Client:
    boss = User.objects.create_user(username="minerva", fullname="Minerva", is_staff=True, is_superuser=True)
    return admin_client(boss)


@pytest.fixture
def viewer(db: None) -> Client:
    models = ("user.view_user", "dormitory.view_house", "dormitory.view_question", "lounge.view_entry")
    return admin_client(
        staff(
            "filch",
            *models,
            "portrait.view_portraitjob",
            "portrait.view_portraitworker",
            "portrait.view_ownpainting",
            "lounge.view_walllink",
        )
    )


@pytest.fixture
def stranger(db: None) -> Client:
    return admin_client(staff("gilderoy"))
