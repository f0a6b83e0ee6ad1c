"""What staff can do to portrait jobs, and who can do it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.admin import admin_client, staff
from tests.paths import media_path
from tests.portrait import kit
from user.models import User
from user.private_pictures import empty_frame

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/portrait/portraitjob/"


def act(client: Client, action: str, *chosen: PortraitJob) -> Any:
    form = {"action": action, "_selected_action": [job.pk for job in chosen]}
    return client.post(LIST, form, follow=True)


def state(job: PortraitJob) -> str:
    job.refresh_from_db()
    return job.state


def failed(owner: User) -> PortraitJob:
    kit.enqueue(owner)
    job = kit.claim()
    transitions.fail(job, "no_face", final=True)
    job.refresh_from_db()
    return job


def test_retry_queues_what_can_be_tried_again_and_says_what_cannot(
    admin: Client, alice: User, bob: User
) -> None:
    broken, fine = failed(alice), kit.make_portrait(bob)
    page = act(admin, "retry_jobs", broken, fine).content.decode()
    assert (state(broken), state(fine)) == ("queued", "succeeded")
    assert broken.attempts == 0
    assert "1 job waits again." in page
    assert f"#{fine.pk}: There is no failed or cancelled portrait to try again." in page
    assert LogEntry.objects.get().object_id == str(broken.pk)


def test_cancel_ends_waiting_and_running_jobs_and_leaves_the_rest(
    admin: Client, alice: User, bob: User
) -> None:
    fine = kit.make_portrait(kit.student("carol"))
    running = kit.enqueue(alice)
    kit.claim()
    waiting = kit.enqueue(bob)
    act(admin, "cancel_jobs", running, waiting, fine)
    assert [state(job) for job in (running, waiting, fine)] == ["cancelled", "cancelled", "succeeded"]


def test_cancelling_an_old_job_leaves_the_new_one_of_the_same_student(admin: Client, alice: User) -> None:
    old = kit.enqueue(alice)
    new = kit.enqueue(alice)
    act(admin, "cancel_jobs", old)
    assert (state(old), state(new)) == ("cancelled", "queued")


def test_the_page_of_a_job_has_the_buttons_that_make_sense(admin: Client, alice: User) -> None:
    job = kit.enqueue(alice)
    path = f"{LIST}{job.pk}/change/"
    page = admin.get(path).content.decode()
    assert 'name="_cancel"' in page
    assert 'name="_retry"' not in page
    assert 'name="_save"' not in page

    assert admin.post(path, {"_cancel": "1"}, follow=True).status_code == 200
    assert state(job) == "cancelled"
    assert 'name="_retry"' in admin.get(path).content.decode()

    admin.post(path, {"_retry": "1"})
    assert state(job) == "queued"


def test_nothing_can_be_typed_into_a_job(admin: Client, alice: User) -> None:
    job = kit.enqueue(alice)
    admin.post(f"{LIST}{job.pk}/change/", {"state": "succeeded", "attempts": "9", "_save": "1"})
    assert (state(job), job.attempts) == ("queued", 0)


def test_a_deleted_job_takes_its_files_along_and_the_record_forgets_them(admin: Client, alice: User) -> None:
    job = kit.make_portrait(alice)
    act(admin, "delete_selected", job)
    assert state(job)  # asks first
    admin.post(LIST, {"action": "delete_selected", "_selected_action": [job.pk], "post": "yes"})
    assert not PortraitJob.objects.exists()
    assert kit.files_on_disk() == set()
    alice.refresh_from_db()
    assert alice.picture == empty_frame()


def test_photo_and_portrait_stand_side_by_side(admin: Client, alice: User) -> None:
    job = kit.make_portrait(alice)
    page = admin.get(f"{LIST}{job.pk}/change/").content.decode()
    assert f'src="{LIST}{job.pk}/photo/"' in page
    assert f'src="{job.webp.url}"' in page
    photo = admin.get(f"{LIST}{job.pk}/photo/")
    assert photo["Content-Type"] == "image/jpeg"
    assert {"private", "no-store"} <= set(photo["Cache-Control"].split(", "))
    assert b"".join(photo) == b"photo"


def test_before_there_is_a_portrait_the_cropped_photo_comes_from_the_admin(
    admin: Client, alice: User
) -> None:
    job = kit.enqueue(alice)
    path = f"{LIST}{job.pk}/still/"
    for page in (LIST, f"{LIST}{job.pk}/change/"):
        shown = admin.get(page).content.decode()
        assert f'src="{path}"' in shown
        assert str(job.still.name) not in shown
    assert b"".join(admin.get(path)) == b"still"


@pytest.mark.parametrize("field", PortraitJob.PHOTOS)
def test_only_those_who_may_see_the_job_see_the_private_photo(
    viewer: Client, stranger: Client, alice: User, bob: User, field: str
) -> None:
    path = f"{LIST}{kit.make_portrait(alice).pk}/{field}/"
    assert viewer.get(path).status_code == 200
    assert stranger.get(path).status_code == 404
    for client in (Client(), admin_client(bob), admin_client(alice)):
        assert client.get(path).status_code == 302


def test_a_photo_that_is_gone_is_404(admin: Client, alice: User) -> None:
    job = kit.make_portrait(alice)
    path = f"{LIST}{job.pk}/photo/"
    media_path(str(job.photo.name)).unlink()
    assert admin.get(path).status_code == 404
    PortraitJob.objects.update(photo="")
    assert admin.get(path).status_code == 404
    assert admin.get(f"{LIST}0/photo/").status_code == 404


@pytest.mark.parametrize("action", ["retry_jobs", "cancel_jobs", "delete_selected"])
def test_who_may_only_look_can_do_nothing(viewer: Client, alice: User, bob: User, action: str) -> None:
    broken, waiting = failed(alice), kit.enqueue(bob)
    assert action not in viewer.get(LIST).content.decode()
    act(viewer, action, broken, waiting)
    for button in ("_retry", "_cancel"):
        for job in (broken, waiting):
            assert button not in viewer.get(f"{LIST}{job.pk}/change/").content.decode()
            viewer.post(f"{LIST}{job.pk}/change/", {button: "1"})
    assert (state(broken), state(waiting)) == ("failed", "queued")


def test_the_permission_to_change_is_enough_for_both_actions(alice: User, bob: User) -> None:
    helper = admin_client(staff("hagrid", "portrait.view_portraitjob", "portrait.change_portraitjob"))
    broken, waiting = failed(alice), kit.enqueue(bob)
    act(helper, "retry_jobs", broken)
    act(helper, "cancel_jobs", waiting)
    assert (state(broken), state(waiting)) == ("queued", "cancelled")
