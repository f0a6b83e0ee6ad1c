from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient, APIRequestFactory
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken
from rest_framework_simplejwt.tokens import RefreshToken

from tests.conftest import PASSWORD, client_of
from user import authentication, tokens
from user.authentication import StudentAuthentication
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


def test_a_token_used_again_at_once_is_refused_and_ends_nothing(visitor: APIClient, alice: User) -> None:
    """A client whose answer was late, or that sends twice, keeps the session."""
    first = pair(visitor)["refresh"]
    second = visitor.post("/user/api/token/refresh/", {"refresh": first}).json()
    assert refresh(visitor, first) == 401
    assert opens(second["access"])
    assert refresh(visitor, second["refresh"]) == 200


@pytest.mark.parametrize("generations", [1, 3])
@pytest.mark.parametrize("path", ["/user/api/token/refresh/", "/user/logout/"])
def test_a_spent_token_used_again_later_ends_its_family(
    visitor: APIClient, alice: User, generations: int, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = pair(visitor)
    elsewhere = pair(visitor)
    last = first
    for _ in range(generations):
        last = visitor.post("/user/api/token/refresh/", {"refresh": last["refresh"]}).json()
    BlacklistedToken.objects.update(blacklisted_at=timezone.now() - tokens.GRACE - timedelta(seconds=1))
    answer = visitor.post(path, {"refresh": first["refresh"]})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    assert not opens(last["access"]) and not opens(first["access"])
    assert refresh(visitor, last["refresh"]) == 401
    assert refresh(visitor, elsewhere["refresh"]) == 200
    if path.endswith("refresh/"):
        assert "used again" in caplog.text
    assert first["refresh"] not in caplog.text


def test_a_token_used_again_by_another_student_s_id_ends_nothing(visitor: APIClient, alice: User) -> None:
    """The id of a family is no secret; only a signed token ends it."""
    second = visitor.post("/user/api/token/refresh/", {"refresh": pair(visitor)["refresh"]}).json()
    forged = RefreshToken(second["refresh"])
    header, _, signature = second["refresh"].split(".")
    forged["jti"] = forged["jti"].partition(".")[0]
    payload = str(forged).split(".")[1]
    assert refresh(visitor, f"{header}.{payload}.{signature}") == 401
    assert refresh(visitor, second["refresh"]) == 200


def test_a_token_that_was_accepted_before_ends_all_the_same(
    as_alice: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert as_alice.get("/user/me/").status_code == 200
    lifetime = api_settings.ACCESS_TOKEN_LIFETIME + api_settings.LEEWAY
    monkeypatch.setattr(
        authentication, "aware_utcnow", lambda: timezone.now() + lifetime - timedelta(seconds=9)
    )
    assert as_alice.get("/user/me/").status_code == 200
    monkeypatch.setattr(authentication, "aware_utcnow", lambda: timezone.now() + lifetime)
    response = as_alice.get("/user/me/")
    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")


def test_a_token_with_another_signature_is_refused_after_the_right_one(
    visitor: APIClient, alice: User, bob: User
) -> None:
    mine, other = (str(RefreshToken.for_user(student).access_token) for student in (alice, bob))
    visitor.credentials(HTTP_AUTHORIZATION=f"Bearer {mine}")
    assert visitor.get("/user/me/").status_code == 200
    visitor.credentials(HTTP_AUTHORIZATION=f"Bearer {mine.rpartition('.')[0]}.{other.rpartition('.')[2]}")
    assert visitor.get("/user/me/").status_code == 401


def test_a_refresh_token_is_no_access_token(visitor: APIClient, alice: User) -> None:
    visitor.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(alice)}")
    assert visitor.get("/user/me/").status_code == 401


def test_logging_out_ends_the_access_tokens_and_no_other_session(visitor: APIClient, alice: User) -> None:
    here, elsewhere = pair(visitor), pair(visitor)
    assert opens(here["access"])
    assert visitor.post("/user/logout/", {"refresh": here["refresh"]}).status_code == 200
    client = APIClient(headers={"Authorization": f"Bearer {here['access']}", "Accept-Language": "en"})
    refused = client.get("/user/me/")
    assert (refused.status_code, refused.json()["code"]) == (401, "token_not_valid")
    assert refused.json()["detail"] == "Your session has ended. Please sign in again."
    again = visitor.post("/user/api/token/refresh/", {"refresh": elsewhere["refresh"]})
    assert again.status_code == 200 and opens(again.json()["access"])


def test_logging_out_ends_no_other_students_tokens(visitor: APIClient, alice: User, bob: User) -> None:
    bobs = pair(visitor, "bob")["access"]
    visitor.post("/user/logout/", {"refresh": pair(visitor)["refresh"]})
    assert opens(bobs)


def test_a_token_from_before_there_were_versions_is_valid_until_the_next_logout(
    visitor: APIClient, alice: User
) -> None:
    old = RefreshToken.for_user(alice)
    assert opens(str(old.access_token))
    assert visitor.post("/user/logout/", {"refresh": str(old)}).status_code == 200
    assert not opens(str(old.access_token))


def test_authenticating_is_one_query(
    alice: User, visitor: APIClient, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    request = APIRequestFactory().get("/", headers={"Authorization": f"Bearer {pair(visitor)['access']}"})
    with django_assert_num_queries(1):
        found = StudentAuthentication().authenticate(request)
    assert found is not None and found[0] == alice


def test_a_new_password_from_the_admin_ends_the_access_tokens(
    visitor: APIClient, alice: User, admin: Client
) -> None:
    access = pair(visitor)["access"]
    form = {"password1": "firebolt-1993-ash", "password2": "firebolt-1993-ash", "usable_password": "true"}
    assert admin.post(f"/admin/user/user/{alice.pk}/password/", form).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("firebolt-1993-ash") and alice.token_version == 1
    assert not opens(access)


def test_a_changed_password_raises_the_version(as_alice: APIClient, alice: User) -> None:
    form = {"old_password": PASSWORD, "new_password": "firebolt-1993-ash"}
    answer = as_alice.post("/user/password/", form).json()
    alice.refresh_from_db()
    assert alice.token_version == 1
    assert opens(answer["access"])


def opens(access: str) -> bool:
    client = APIClient(headers={"Authorization": f"Bearer {access}"})
    return client.get("/user/me/").status_code == 200


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
