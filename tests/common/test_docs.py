"""Swagger UI is served from the installed package; the page's policy forbids other hosts."""

from __future__ import annotations

import re

import pytest
from rest_framework.test import APIClient


@pytest.fixture
def page(visitor: APIClient) -> str:
    response = visitor.get("/docs/")
    assert response.status_code == 200
    return response.content.decode()


def test_everything_that_the_page_loads_is_served_from_here(visitor: APIClient, page: str) -> None:
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) == 3
    for address in loaded:
        assert address.startswith("/static/"), address
        assert visitor.get(address).status_code == 200, address


def test_it_shows_the_schema_of_this_service(page: str) -> None:
    assert 'url: "/schema/"' in page


def test_the_policy_allows_this_host_and_the_two_inline_pieces_alone(visitor: APIClient) -> None:
    response = visitor.get("/docs/")
    policy = response["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy and "http" not in policy and "*" not in policy
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
    assert response.content.decode().count(f'nonce="{nonce}"') == 2
    assert nonce not in visitor.get("/docs/")["Content-Security-Policy"]


def test_it_is_open_to_visitors_and_never_asks_the_database(visitor: APIClient) -> None:
    # Without the database mark a query would be an error.
    assert visitor.get("/docs/").status_code == 200
    assert visitor.get("/schema/", headers={"Authorization": "Bearer of-bad-news"}).status_code == 200
