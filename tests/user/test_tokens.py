from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from tests.conftest import PASSWORD, client_of
from user.models import User

pytestmark = pytest.mark.django_db


def pair(visitor: APIClient, username: str = "alice") -> dict[str, str]:
    response = visitor.post("/user/api/token/", {"username": username, "password": PASSWORD})
    assert response.status_code == 200
    body: dict[str, str] = response.json()
    return body


def refresh(visitor: APIClient, token: str) -> int:
    return visitor.post("/user/api/token/refresh/", {"refresh": token}).status_code


def test_a_pair_opens_the_door(visitor: APIClient, alice: User) -> None:
    tokens = pair(visitor)
    visitor.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert visitor.get("/user/portrait/").status_code == 200


def test_a_username_typed_in_decomposed_hangul_is_the_same_name(visitor: APIClient) -> None:
    User.objects.create_user(username="한글", fullname="한글", password=PASSWORD)
    assert pair(visitor, "\u1112\u1161\u11ab\u1100\u1173\u11af")["access"]


@pytest.mark.parametrize(
    "form", [{"username": "alice", "password": "wrong"}, {"username": "nobody", "password": "x"}]
)
def test_a_wrong_password_and_an_unknown_name_look_alike(
    visitor: APIClient, alice: User, form: dict[str, str]
) -> None:
    response = visitor.post("/user/api/token/", form)
    assert response.status_code == 401
    assert response.json()["code"] == "no_active_account"
    assert response.json()["detail"] == "The username or the password is wrong."


def test_a_refresh_token_works_once(visitor: APIClient, alice: User) -> None:
    first = pair(visitor)["refresh"]
    response = visitor.post("/user/api/token/refresh/", {"refresh": first})
    assert response.status_code == 200
    second = response.json()["refresh"]
    assert refresh(visitor, first) == 401
    assert refresh(visitor, second) == 200


def test_a_deleted_students_tokens_are_401(visitor: APIClient, alice: User) -> None:
    tokens = pair(visitor)
    alice.delete()
    assert refresh(visitor, tokens["refresh"]) == 401
    visitor.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    assert visitor.get("/user/portrait/").status_code == 401


def test_a_closed_accounts_tokens_are_401(visitor: APIClient, alice: User) -> None:
    tokens = pair(visitor)
    User.objects.update(is_active=False)
    assert refresh(visitor, tokens["refresh"]) == 401


def test_a_changed_password_ends_every_session(visitor: APIClient, alice: User) -> None:
    tokens = pair(visitor)
    client = client_of(alice)
    alice.set_password("another-good-one-77")
    alice.save(update_fields=["password"])
    assert refresh(visitor, tokens["refresh"]) == 401
    response = client.get("/user/portrait/")
    assert response.status_code == 401
    assert response.json()["code"] == "password_changed"


def test_logging_out_spends_the_refresh_token(visitor: APIClient, alice: User) -> None:
    token = pair(visitor)["refresh"]
    assert visitor.post("/user/logout/", {"refresh": token}).status_code == 200
    assert refresh(visitor, token) == 401
    assert visitor.post("/user/logout/", {"refresh": token}).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x.y.z", "Bearer a b", "Basic YWxpY2U6eA=="])
def test_whatever_is_no_token_is_401_with_a_challenge(visitor: APIClient, header: str) -> None:
    visitor.credentials(HTTP_AUTHORIZATION=header)
    response = visitor.get("/user/portrait/")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("body", [{}, {"refresh": ""}, {"refresh": None}, {"refresh": ["a"]}])
def test_a_refresh_without_a_token_is_400(visitor: APIClient, body: dict[str, object]) -> None:
    assert visitor.post("/user/api/token/refresh/", body).status_code == 400
