"""In the lounge alice is a Gryffindor and bob a Slytherin."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.conftest import client_of
from tests.lounge.kit import sort
from user.models import User


@pytest.fixture
def alice(houses: None, alice: User) -> User:
    return sort(alice, 1)


@pytest.fixture
def bob(houses: None, bob: User) -> User:
    return sort(bob, 3)


@pytest.fixture
def as_korean_alice(alice: User) -> APIClient:
    """Alice in a browser that names no language."""
    client = client_of(alice)
    client.defaults.pop("HTTP_ACCEPT_LANGUAGE")
    return client
