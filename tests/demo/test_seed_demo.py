"""``manage.py seed_demo`` is reproducible by its seed and refuses to run among real students."""

from __future__ import annotations

import io
import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from PIL import Image
from pytest_django import Settings
from rest_framework.test import APIClient

from demo.management.commands.seed_demo import in_production
from lounge import text
from lounge.models import Entry
from portrait.engine.output.formats import FORMATS
from portrait.models import PortraitJob
from portrait.queue import projection
from tests.conftest import PASSWORD, client_of
from tests.paths import media_path
from tests.portrait import kit
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def seed_demo(**options: Any) -> str:
    out = io.StringIO()
    call_command("seed_demo", stdout=out, **{"portraits": 0, "force": True, **options})
    return out.getvalue()


def drawn() -> list[tuple[Any, ...]]:
    """What the seed determines: names, houses and words. Times depend on the clock, ids on the database."""
    students = User.objects.order_by("username").values_list("username", "fullname", "house", "birthday")
    entries = Entry.objects.order_by("id").values_list("content", "author__username")
    return [*students, *entries]


def test_portraits_are_made_once_and_every_student_has_files_and_a_record_of_them(settings: Settings) -> None:
    settings.PORTRAIT = {**settings.PORTRAIT, "SIZE": 256}
    said = seed_demo(students=5, entries=20, seed=3, portraits=1)
    assert "1 portraits made and shared" in said
    assert User.objects.count() == 5
    assert Entry.objects.count() == 20
    kit.assert_no_orphans()
    jobs = list(PortraitJob.objects.order_by("student_id"))
    assert {job.state for job in jobs} == {"succeeded"}
    assert len({job.style for job in jobs}) == 1
    assert len(set(itertools.chain(*(job.file_names for job in jobs)))) == 5 * (2 + len(FORMATS))
    with Image.open(media_path(str(jobs[0].webp.name))) as picture:
        assert (picture.format, picture.n_frames > 20) == ("WEBP", True)  # type: ignore[attr-defined]
    inodes = {media_path(str(job.webp.name)).stat().st_ino for job in jobs}
    assert len(inodes) == 1

    shown = User.objects.order_by("id").values_list("still", "portrait", "poster")
    seeded = list(shown)
    assert seeded == [("", job.webp.name, job.poster.name) for job in jobs]
    assert all(webp and poster for _still, webp, poster in seeded)
    for student in User.objects.all():
        projection.refresh(student.pk)
    assert list(shown.all()) == seeded

    # Deleting one student leaves the pictures of the others.
    User.objects.earliest("id").delete()
    kit.assert_no_orphans()
    assert PortraitJob.objects.count() == 4


def test_the_students_are_in_houses_and_in_the_lounge() -> None:
    seed_demo(students=30, entries=60)
    assert set(User.objects.values_list("house", flat=True)) == {1, 2, 3, 4}
    numbers = list(User.objects.values_list("student_number", flat=True))
    assert None not in numbers
    assert len(set(numbers)) == 30
    assert all(len(student.fullname) <= 20 for student in User.objects.all())
    page = client_of(User.objects.earliest("id")).get("/lounge/")
    assert page.status_code == 200
    assert len(page.json()["board"]) == 60


def test_the_words_keep_to_the_rules_of_the_guestbook_in_two_languages() -> None:
    seed_demo(students=3, entries=200)
    contents = list(Entry.objects.values_list("content", flat=True))
    assert [text.clean(content) for content in contents] == contents
    korean = [content for content in contents if any("가" <= letter <= "힣" for letter in content)]
    assert 50 < len(korean) < 150
    assert all(
        entry.created_at >= entry.author.date_joined for entry in Entry.objects.select_related("author")
    )


def test_the_same_seed_draws_the_same_school() -> None:
    seed_demo(students=12, entries=15, seed=5)
    first = drawn()
    Entry.objects.all().delete()
    User.objects.all().delete()
    seed_demo(students=12, entries=15, seed=5)
    assert drawn() == first
    Entry.objects.all().delete()
    User.objects.all().delete()
    seed_demo(students=12, entries=15, seed=6)
    assert [row[1:] for row in drawn()[:12]] != [row[1:] for row in first[:12]]


def test_a_second_seed_adds_and_the_same_one_is_refused() -> None:
    seed_demo(students=2, entries=0, seed=1)
    seed_demo(students=2, entries=0, seed=2)
    with pytest.raises(CommandError, match="choose another seed"):
        seed_demo(students=2, entries=0, seed=1)
    assert User.objects.count() == 4


@pytest.mark.parametrize("password", [None, PASSWORD])
def test_they_sign_in_with_the_given_password_or_not_at_all(password: str | None) -> None:
    seed_demo(students=1, entries=0, password=password)
    form = {"username": "demo1-00001", "password": password or ""}
    status = APIClient().post("/user/api/token/", form).status_code
    assert (status == 200) == bool(password)


def test_it_refuses_in_production(settings: Settings) -> None:
    settings.DEBUG, settings.HTTPS = False, True
    with pytest.raises(CommandError, match="real school"):
        seed_demo(students=1, entries=0, force=False)
    assert not User.objects.exists()
    seed_demo(students=1, entries=0)
    assert User.objects.count() == 1


def test_a_database_server_is_production_unless_debug_is_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG, settings.HTTPS = False, False
    database = SimpleNamespace(vendor="postgresql")
    monkeypatch.setattr("demo.management.commands.seed_demo.connection", database)
    assert in_production()
    settings.DEBUG = True
    assert not in_production()
    settings.DEBUG = False
    database.vendor = "sqlite"
    assert not in_production()


@pytest.mark.parametrize(
    "options", [{"students": -1}, {"students": 0, "entries": 3}, {"seed": 100_000}, {"entries": -1}]
)
def test_numbers_that_make_no_school_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(CommandError):
        seed_demo(**options)
    assert not User.objects.exists()
