"""What staff can do to students, and what they cannot."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from tests.admin import admin_client, staff
from tests.conftest import PASSWORD, client_of
from tests.portrait import kit
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/user/user/"
NEW = "firebolt-1993-ash"


def page_of(user: User) -> str:
    return f"{LIST}{user.pk}/change/"


def form_of(client: Client, user: User) -> dict[str, Any]:
    """What the browser would send back from the student's page."""
    form = client.get(page_of(user)).context["adminform"].form
    values = {name: form[name].value() for name in form.fields if name != "password"}
    return {name: value for name, value in values.items() if value not in (None, False)}


def test_the_list_shows_the_portrait_that_moves_and_the_state_of_its_job(admin: Client, alice: User) -> None:
    job = kit.make_portrait(alice)
    page = admin.get(LIST).content.decode()
    assert f'src="{job.webp.url}"' in page
    assert "school-badge-succeeded" in page
    assert f'href="/admin/portrait/portraitjob/{job.pk}/change/"' in page


def test_saving_the_page_leaves_a_portrait_that_came_meanwhile(
    admin: Client, alice: User, houses: None
) -> None:
    form = {**form_of(admin, alice), "fullname": "Alice B.", "house": "2"}
    job = kit.make_portrait(alice)
    saved = User.save

    def save_late(self: User, *args: Any, **kwargs: Any) -> None:
        # The page was loaded, and then the worker wrote the record.
        self.portrait = self.still = ""
        saved(self, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(User, "save", save_late)
        assert admin.post(page_of(alice), form).status_code == 302
    alice.refresh_from_db()
    assert (alice.fullname, alice.house_id) == ("Alice B.", 2)
    assert alice.portrait.name == job.webp.name


def test_a_new_student_can_sign_in(admin: Client) -> None:
    form = {
        "username": "luna",
        "fullname": "Luna",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    assert admin.post(f"{LIST}add/", form).status_code == 302
    assert User.objects.get(username="luna").check_password(PASSWORD)


def test_a_new_password_ends_the_students_sessions(admin: Client, alice: User) -> None:
    client = client_of(alice)
    form = {"usable_password": "true", "password1": NEW, "password2": NEW}
    assert admin.post(f"{LIST}{alice.pk}/password/", form).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert client.get("/user/me/").status_code == 401


def test_a_deleted_student_takes_everything_along(admin: Client, alice: User, bob: User) -> None:
    for student in (alice, bob):
        kit.make_portrait(student)
        client_of(student)
    assert OutstandingToken.objects.count() == 2
    admin.post(f"{LIST}{alice.pk}/delete/", {"post": "yes"})
    form = {"action": "delete_selected", "_selected_action": [bob.pk], "post": "yes"}
    admin.post(LIST, form)
    assert list(User.objects.values_list("username", flat=True)) == ["minerva"]
    assert not OutstandingToken.objects.exists()
    assert kit.files_on_disk() == set()


def editor() -> User:
    return staff("hagrid", "user.view_user", "user.change_user", "user.delete_user", "user.add_user")


def test_who_may_edit_students_cannot_give_themself_powers(alice: User) -> None:
    hagrid = editor()
    client = admin_client(hagrid)
    for user in (alice, hagrid):
        form = {**form_of(client, user), "fullname": "Changed", "is_staff": "on", "is_superuser": "on"}
        assert client.post(page_of(user), form).status_code == 302
        user.refresh_from_db()
        assert (user.fullname, user.is_superuser) == ("Changed", False)
    alice.refresh_from_db()
    assert not alice.is_staff


def test_who_may_edit_students_cannot_touch_their_colleagues(admin: Client) -> None:
    boss = User.objects.get(username="minerva")
    before = boss.password
    client = admin_client(editor())
    form = {"usable_password": "true", "password1": NEW, "password2": NEW}
    assert client.post(f"{LIST}{boss.pk}/password/", form).status_code == 403
    assert client.post(page_of(boss), {"username": "minerva", "fullname": "Changed"}).status_code == 403
    assert client.post(f"{LIST}{boss.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(LIST, {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"})
    boss.refresh_from_db()
    assert (boss.fullname, boss.password) == ("Minerva", before)


def test_who_may_only_look_changes_nothing(viewer: Client, alice: User) -> None:
    assert viewer.post(page_of(alice), {"username": "alice", "fullname": "Changed"}).status_code == 403
    form = {"usable_password": "true", "password1": NEW, "password2": NEW}
    assert viewer.post(f"{LIST}{alice.pk}/password/", form).status_code == 403
    viewer.post(LIST, {"action": "delete_selected", "_selected_action": [alice.pk], "post": "yes"})
    alice.refresh_from_db()
    assert (alice.fullname, alice.check_password(PASSWORD)) == ("Alice", True)
