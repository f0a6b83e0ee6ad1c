"""The cast: alice and bob are students; every test has a media folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from user.models import User

PASSWORD = "nimbus-2000-lacquer"


@pytest.fixture(autouse=True)
def media(settings: Settings, tmp_path: Path) -> Path:
    """An empty MEDIA_ROOT, gone after the test."""
    folder = tmp_path / "media"
    folder.mkdir()
    settings.MEDIA_ROOT = folder
    return folder


@pytest.fixture
def houses(db: None) -> None:
    """The four houses of a seeded database."""
    call_command("seed", verbosity=0)


def student(name: str) -> User:
    return User.objects.create_user(username=name, fullname=name.title(), password=PASSWORD)


@pytest.fixture
def alice(db: None) -> User:
    return student("alice")


@pytest.fixture
def bob(db: None) -> User:
    return student("bob")


def client_of(user: User) -> APIClient:
    """A client that sends ``user``'s access token and speaks English."""
    client = APIClient(headers={"Accept-Language": "en"})
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
    return client


@pytest.fixture
def as_alice(alice: User) -> APIClient:
    return client_of(alice)


@pytest.fixture
def as_bob(bob: User) -> APIClient:
    return client_of(bob)


@pytest.fixture
def visitor() -> APIClient:
    """Somebody without an account, who speaks English."""
    return APIClient(headers={"Accept-Language": "en"})
