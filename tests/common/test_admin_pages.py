"""Every page of the admin opens, quickly, and only for those who may see it."""

from __future__ import annotations

import datetime

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dormitory.models import Answer, House, Question
from lounge.models import Entry, WallLink
from portrait.models import OwnPainting, PortraitJob, PortraitWorker
from tests.admin import admin_client
from user.models import User

pytestmark = pytest.mark.django_db

LISTS = (
    "/admin/user/user/",
    "/admin/dormitory/house/",
    "/admin/dormitory/question/",
    "/admin/lounge/entry/",
    "/admin/lounge/walllink/",
    "/admin/portrait/portraitjob/",
    "/admin/portrait/portraitworker/",
    "/admin/portrait/ownpainting/",
    "/admin/auth/group/",
)
STATES = ("succeeded", "failed", "queued", "running", "cancelled")


def populate(first: int, last: int) -> None:
    """One row of everything for each number: each student with a house, a job, an entry."""
    for number in range(first, last):
        house = House.objects.create(name=f"House {number}")
        student = User.objects.create(
            username=f"student{number}",
            fullname=f"Student {number}",
            house=house,
            still="photos/a-still.jpg",
        )
        PortraitJob.objects.create(
            student=student,
            seed=number,
            photo="photos/a.jpg",
            still="photos/a-still.jpg",
            webp="portraits/a/1-a.webp",
            state=STATES[number % len(STATES)],
            style=f"style{number % 3}",
            error_code="no_face" if number % len(STATES) == 1 else "",
            timings={"animating": 1.5},
            seconds=2.0,
        )
        PortraitWorker.objects.create(name=f"worker{number}", host="tower", pid=number, processes=1)
        OwnPainting.objects.create(slug=f"painting-{number}", titles={"ko": "그림"}, picture=b"a painting")
        Entry.objects.create(author=student, content=f"I was here, number {number}", hidden=number % 2 == 1)
        WallLink.objects.create(label=f"Hall {number}", house=house, created_by=student)
        question = Question.objects.create(texts={"ko": f"질문 {number}", "en": f"Question {number}"})
        Answer.objects.create(question=question, house=house, texts={"ko": "답", "en": "An answer"})


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_of_fifty_asks_no_more_than_a_list_of_one(admin: Client, path: str) -> None:
    populate(0, 1)
    admin.get(path)  # content types and the session are remembered from here on
    one = queries(admin, path)
    populate(1, 50)
    assert queries(admin, path) == one
    print(f"{path}: {one} queries")  # noqa: T201 (shown by pytest -rP)


def test_the_front_page_asks_no_more_with_fifty_jobs_and_workers(admin: Client) -> None:
    populate(0, 1)
    admin.get("/admin/")
    one = queries(admin, "/admin/")
    populate(1, 50)
    assert queries(admin, "/admin/") == one
    print(f"/admin/: {one} queries")  # noqa: T201


def test_a_question_with_fifty_answers_asks_for_the_houses_once(admin: Client) -> None:
    populate(0, 1)
    question = Question.objects.get()
    path = f"/admin/dormitory/question/{question.pk}/change/"
    admin.get(path)
    one = queries(admin, path)
    for number in range(50):
        Answer.objects.create(question=question, house=House.objects.get(), texts={"ko": f"답 {number}"})
    assert queries(admin, path) == one


@pytest.mark.parametrize("path", LISTS)
def test_searching_finds_without_a_fault_whatever_is_typed(admin: Client, path: str) -> None:
    populate(0, 3)
    for text in ("student1", "1", "없음", "'; --", "%", "\\", "99999999999999999999"):
        assert admin.get(path, {"q": text}).status_code == 200


def test_search_and_filters_narrow_the_lists(admin: Client) -> None:
    populate(0, 5)

    def found(path: str, **query: str) -> int:
        count: int = admin.get(path, query).context["cl"].result_count
        return count

    assert found("/admin/user/user/", q="student3") == 1
    assert found("/admin/user/user/", portrait="failed") == 1
    assert found("/admin/user/user/", portrait="none") == 1  # the admin
    assert found("/admin/portrait/portraitjob/", state__exact="failed") == 1
    assert found("/admin/portrait/portraitjob/", style="style1") == 2
    assert found("/admin/portrait/portraitjob/", error_code="no_face") == 1
    job = PortraitJob.objects.create(pk=77777, student=User.objects.get(username="minerva"), seed=1)
    assert found("/admin/portrait/portraitjob/", q=str(job.pk)) == 1
    assert found("/admin/portrait/portraitjob/", q="student4") == 1
    assert found("/admin/lounge/entry/", hidden__exact="1") == 2
    assert found("/admin/dormitory/question/", q="Question 2") == 1


@pytest.mark.parametrize(
    ("app", "model", "field", "text"),
    [("user", "user", "house", "House 1"), ("user", "user", "groups", "Prefects")],
)
def test_related_rows_are_found_by_typing(admin: Client, app: str, model: str, field: str, text: str) -> None:
    Group.objects.create(name="Prefects")
    populate(0, 3)
    response = admin.get(
        "/admin/autocomplete/", {"app_label": app, "model_name": model, "field_name": field, "term": text}
    )
    assert [row["text"] for row in response.json()["results"]] == [text]


def test_every_change_page_opens(admin: Client, viewer: Client) -> None:
    populate(0, 5)
    for model in (User, House, Question, Entry, WallLink, PortraitJob, PortraitWorker, OwnPainting):
        for row in model.objects.all():
            path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/{row.pk}/change/"
            assert admin.get(path).status_code == 200
            assert viewer.get(path).status_code == 200
    for add in ("user/user", "dormitory/house", "dormitory/question", "auth/group", "portrait/ownpainting"):
        assert admin.get(f"/admin/{add}/add/").status_code == 200
    for path in ("lounge/entry", "portrait/portraitjob", "portrait/portraitworker"):
        assert admin.get(f"/admin/{path}/add/").status_code == 403


@pytest.mark.parametrize("path", ["/admin/", *LISTS])
def test_a_student_and_a_visitor_get_the_door_and_nothing_else(path: str, alice: User) -> None:
    for client in (Client(), admin_client(alice)):
        response = client.get(path)
        assert response.status_code == 302
        assert response["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("path", LISTS)
def test_staff_without_permissions_see_nothing(stranger: Client, path: str) -> None:
    assert stranger.get(path).status_code == 403
    front = stranger.get("/admin/")
    assert front.status_code == 200
    assert "school-queue" not in front.content.decode()
    assert front.context["app_list"] == []


def test_the_door_is_found_without_the_slash(client: Client) -> None:
    response = client.get("/admin")
    assert (response.status_code, response["Location"]) == (302, "/admin/")


def test_the_admin_speaks_korean_unless_asked(admin: Client) -> None:
    assert "Portrait jobs" in admin.get("/admin/").content.decode()
    korean = Client(headers={"Accept-Language": "ko"})
    korean.force_login(User.objects.get(username="minerva"))
    page = korean.get("/admin/").content.decode()
    assert "초상화 작업" in page
    assert "Portrait jobs" not in page


def test_the_front_page_says_how_the_queue_is_doing(admin: Client) -> None:
    assert "Students wait and nobody paints" not in admin.get("/admin/").content.decode()
    student = User.objects.create_user(username="luna", fullname="Luna")
    waiting = timezone.now() - datetime.timedelta(minutes=7)
    PortraitJob.objects.create(student=student, seed=1, queued_at=waiting)
    page = admin.get("/admin/").content.decode()
    assert "<strong>1</strong> waiting" in page
    assert "7\xa0minutes" in page
    assert "Students wait and nobody paints" in page
    PortraitWorker.objects.create(name="alive", host="tower", pid=1, processes=3)
    PortraitWorker.objects.create(
        name="dead", host="tower", pid=2, processes=5, seen_at=timezone.now() - datetime.timedelta(minutes=1)
    )
    PortraitWorker.objects.create(
        name="ill", host="tower", pid=3, processes=2, fault="painter is cut short", paused=True
    )
    page = admin.get("/admin/").content.decode()
    assert "Students wait and nobody paints" not in page
    assert "<strong>2</strong> (3 painters)" in page
    assert "painter is cut short" in page


def test_nobody_reads_the_tokens_of_others(admin: Client) -> None:
    assert admin.get("/admin/token_blacklist/outstandingtoken/").status_code == 404
