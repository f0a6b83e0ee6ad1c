"""GET /lounge/: the page, as the front end reads it."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from lounge.selectors import BOARD_LENGTH
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.conftest import client_of, student
from tests.lounge.kit import crowd, write
from tests.portrait.kit import claim, enqueue, make_portrait, signed_file
from user.models import User

KST = datetime.timezone(datetime.timedelta(hours=9))


def test_it_has_exactly_the_members_of_the_contract(as_alice: APIClient, alice: User, bob: User) -> None:
    entry = write(bob, "달빛이 좋네요", created_at=datetime.datetime(2026, 3, 9, 23, 59, tzinfo=KST))
    response = as_alice.get("/lounge/")
    assert response.status_code == 200
    body = response.json()
    assert body.keys() == {"user", "house", "dorm_name", "users_count", "comments_count", "board"}
    assert body["user"] == [
        {
            "id": alice.pk,
            "username": "alice",
            "fullname": "Alice",
            "portrait": "http://testserver/media/portraits/alice/moving.webp",
            "dormitory_name": "Gryffindor",
        }
    ]
    assert body["board"] == [
        {
            "id": entry.pk,
            "content": "달빛이 좋네요",
            "author": bob.pk,
            "author_name": "Bob",
            "dorm_name": "Slytherin",
            "icon": "http://testserver/media/portraits/bob/moving.webp",
            "created": "26.03.09",
            "edited": False,
        }
    ]
    for house in body["house"]:
        assert house.keys() == {"name", "desc", "logo", "users"}
        assert house["logo"].startswith("http://testserver/")


def test_the_charts_go_by_house_id_and_count_houses_without_anybody(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    crowd(3, 2)
    write(alice)
    write(bob)
    write(bob)
    body = as_alice.get("/lounge/").json()
    assert body["dorm_name"] == ["Gryffindor", "Hufflepuff", "Slytherin", "Ravenclaw"]
    assert body["users_count"] == [1, 0, 3, 0]
    assert body["comments_count"] == [1, 0, 2, 0]


def test_the_students_own_house_comes_first(as_alice: APIClient, as_bob: APIClient, bob: User) -> None:
    names = [house["name"] for house in as_bob.get("/lounge/").json()["house"]]
    assert names == ["Slytherin", "Gryffindor", "Hufflepuff", "Ravenclaw"]


def test_a_house_with_one_member_and_a_house_with_none_are_shown(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    houses = {house["name"]: house["users"] for house in as_alice.get("/lounge/").json()["house"]}
    assert houses == {
        # Alice is alone in her house, and not shown to herself.
        "Gryffindor": [],
        "Hufflepuff": [],
        "Slytherin": [
            {
                "portrait": "http://testserver/media/portraits/bob/moving.webp",
                "poster": "http://testserver/media/portraits/bob/moving.png",
                "live": "",
                "fullname": "Bob",
            }
        ],
        "Ravenclaw": [],
    }


@pytest.mark.parametrize(("others", "shown"), [(1, 1), (4, 4), (5, 5), (6, 5), (30, 5)])
def test_up_to_five_others_of_each_house_are_shown(
    as_alice: APIClient, alice: User, others: int, shown: int
) -> None:
    crowd(1, others)
    crowd(2, others)
    for house in as_alice.get("/lounge/").json()["house"][:2]:
        names = [member["fullname"] for member in house["users"]]
        assert len(names) == len(set(names)) == shown
        assert all(name.startswith(f"H{1 if house['name'] == 'Gryffindor' else 2} ") for name in names)


def test_everybody_is_shown_sooner_or_later_at_every_place(as_alice: APIClient, alice: User) -> None:
    crowd(1, 6)
    shown = [
        [member["fullname"] for member in as_alice.get("/lounge/").json()["house"][0]["users"]]
        for _ in range(80)
    ]
    everybody = {f"H1 N{place}" for place in range(6)}
    # A fair draw misses one of these 30 with a probability below 30 * (5/6) ** 80, one in 70,000.
    assert [{names[place] for names in shown} for place in range(5)] == [everybody] * 5


def test_closed_accounts_are_neither_shown_nor_counted(as_alice: APIClient, alice: User, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    body = as_alice.get("/lounge/").json()
    assert body["users_count"] == [1, 0, 0, 0]
    assert [house["users"] for house in body["house"]] == [[], [], [], []]


def test_of_other_students_it_tells_name_house_and_portrait_only(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    crowd(1, 5)
    User.objects.filter(pk=bob.pk).update(username="parseltongue", fullname="Bob")
    write(bob)
    for path in ("/lounge/", "/lounge/board/", "/lounge/stats/"):
        raw = as_alice.get(path).content.decode()
        for secret in (
            "1987",
            "87.06.05",
            "06-05",
            "birthday",
            "parseltongue",
            "h1n",
            "password",
            "join_date",
        ):
            assert secret not in raw.replace("portraits/h1n", ""), (path, secret)


def test_the_board_is_newest_first_and_bounded(as_alice: APIClient, alice: User) -> None:
    now = timezone.now()
    for minutes in range(BOARD_LENGTH + 3):
        write(alice, f"{minutes} minutes ago", created_at=now - datetime.timedelta(minutes=minutes))
    board = as_alice.get("/lounge/").json()["board"]
    assert [entry["content"] for entry in board] == [f"{back} minutes ago" for back in range(BOARD_LENGTH)]


def test_an_entry_just_after_midnight_in_seoul_is_of_that_day(as_alice: APIClient, alice: User) -> None:
    write(alice, created_at=datetime.datetime(2026, 3, 9, 15, 0, tzinfo=datetime.UTC))
    assert as_alice.get("/lounge/").json()["board"][0]["created"] == "26.03.10"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("end", ["waits", "failed"])
def test_a_photo_is_shown_to_its_student_alone(
    as_alice: APIClient, as_bob: APIClient, alice: User, bob: User, end: str
) -> None:
    frame = "http://testserver/web/art/empty-frame.svg"
    write(alice)
    job = enqueue(alice)
    if end == "failed":
        transitions.fail(claim(), "no_face", final=True)

    own = as_alice.get("/lounge/").json()
    assert signed_file(own["user"][0]["portrait"]) == job.still.name
    assert own["board"][0]["icon"] == frame
    others = as_bob.get("/lounge/")
    assert others.json()["board"][0]["icon"] == frame
    shown = [user for house in others.json()["house"] for user in house["users"]]
    assert shown == [{"fullname": "Alice", "portrait": frame, "poster": frame, "live": ""}]
    for secret in ("/photo/", "photos/", job.key.hex):
        assert secret not in others.content.decode()


@pytest.mark.django_db(transaction=True)
def test_while_another_portrait_is_made_others_see_the_one_before(
    as_alice: APIClient, as_bob: APIClient, alice: User, bob: User
) -> None:
    write(alice)
    before = make_portrait(alice)
    after = enqueue(alice)
    own, others = as_alice.get("/lounge/").json(), as_bob.get("/lounge/").json()
    assert signed_file(own["user"][0]["portrait"]) == after.still.name
    moving = f"http://testserver{before.tile.url}"
    assert [entry["icon"] for entry in (*own["board"], *others["board"])] == [moving, moving]
    shown = [user for house in others["house"] for user in house["users"]]
    assert [user["portrait"] for user in shown] == [moving]


def test_a_portrait_without_a_tile_is_shown_as_it_is(as_alice: APIClient, bob: User) -> None:
    write(bob)
    job = make_portrait(bob)
    # As portraits were made before there were tiles.
    PortraitJob.objects.update(tile="")
    User.objects.update(tile="")
    assert as_alice.get("/lounge/").json()["board"][0]["icon"] == f"http://testserver{job.webp.url}"


def test_descriptions_are_in_the_readers_language(as_alice: APIClient, as_korean_alice: APIClient) -> None:
    english = as_alice.get("/lounge/").json()["house"][0]["desc"]
    korean = as_korean_alice.get("/lounge/").json()["house"][0]["desc"]
    assert english.isascii()
    assert any("가" <= character <= "힣" for character in korean)


def test_an_author_without_a_house_any_more_is_still_on_the_board(
    as_alice: APIClient, alice: User, bob: User
) -> None:
    write(bob)
    User.objects.filter(pk=bob.pk).update(house=None)
    body = as_alice.get("/lounge/").json()
    assert body["board"][0]["dorm_name"] == ""
    assert body["comments_count"] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/lounge/"),
        ("POST", "/lounge/"),
        ("POST", "/lounge/post/"),
        ("PUT", "/lounge/edit/1/"),
        ("DELETE", "/lounge/delete/1/"),
        ("GET", "/lounge/board/"),
        ("GET", "/lounge/stats/"),
    ],
)
def test_before_the_sorting_there_is_no_lounge(
    visitor: APIClient, houses: None, method: str, path: str
) -> None:
    unsorted = client_of(student("neville"))
    response = unsorted.generic(method, path, '{"content": "Hello there"}', "application/json")
    assert (response.status_code, response.json()["code"]) == (404, "not_sorted")
    assert visitor.generic(method, path).status_code == 401
