"""``GET /user/portrait/events``: who waits hears of each step, in order, and takes no thread of the server."""

from __future__ import annotations

import json
import statistics
import threading

import pytest
from rest_framework.test import APIClient

from portrait import events
from portrait.queue import transitions
from tests.conftest import client_of
from tests.portrait.kit import Workers, claim, enqueue, make_portrait, student, wait_for, write_results
from tests.portrait.streams import PATH, Stream, follow, serving
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

WAITING = 60
SLEEP = 1.5


def test_sixty_who_wait_see_their_portraits_made_and_take_one_thread(workers: Workers) -> None:
    owners = [student(f"student{number}") for number in range(WAITING)]
    slow = enqueue(owners[0], f"sleep:{SLEEP}")
    for owner in owners[1:]:
        enqueue(owner)
    with serving() as port:
        before = set(threading.enumerate())
        streams = [Stream(port, owner) for owner in owners]
        follow(streams, lambda: all(stream.events for stream in streams))
        # A stream counts from the moment after its first event was sent.
        wait_for(lambda: len(events.listeners) == WAITING, "all listeners")
        assert [one.name for one in threading.enumerate() if one not in before] == [events.THREAD]

        workers.start(processes=2)
        follow(streams, lambda: all(stream.over for stream in streams))

        for stream in streams:
            # A quick one may be over before anybody has seen it run.
            assert stream.statuses in (["queued", "running", "succeeded"], ["queued", "succeeded"])
            last = stream.states[-1]
            assert last["poll_after"] is None and last["portrait"] == last["files"]["webp"]
        progress = [state["progress"] for state in streams[0].states]
        assert progress == sorted(progress) and len(progress) > 5

    (entry,) = [
        json.loads(line) for line in workers.log.read_text().splitlines() if f'"job": {slow.pk},' in line
    ]
    late = [
        arrived - entry["at"] - state["progress"] * SLEEP
        for arrived, state in streams[0].events
        if 0 < state["progress"] < 1
    ]
    median, most = statistics.median(late), max(late)
    print(f"from a child's report to the client: median {median:.3f} s, most {most:.3f} s")  # noqa: T201


def test_each_hears_of_their_own_portrait_in_their_own_language(alice: User, bob: User) -> None:
    enqueue(alice), enqueue(bob)
    with serving() as port:
        korean, english = Stream(port, alice, "ko"), Stream(port, bob, "en")
        # Both wait before there is news: the answer to who asks later is whole, and leaves the connection open.
        follow([korean, english], lambda: bool(korean.events and english.events))
        for _ in range(2):
            transitions.fail(claim(), "no_face", final=True)
        follow([korean, english], lambda: korean.over and english.over)
    messages = [stream.states[-1]["error"]["message"] for stream in (korean, english)]
    assert "얼굴" in messages[0] and "face" in messages[1]
    assert korean.states[-1]["job"] != english.states[-1]["job"]
    assert korean.states[-1] == {
        **client_of(alice).get("/user/portrait/", HTTP_ACCEPT_LANGUAGE="ko", SERVER_NAME="localhost").json(),
        "error": korean.states[-1]["error"],
    }


def test_a_new_photo_goes_on_in_the_same_stream(alice: User) -> None:
    first = enqueue(alice)
    with serving() as port:
        stream = Stream(port, alice)
        follow([stream], lambda: bool(stream.events))
        second = enqueue(alice)  # cancels the first one
        follow([stream], lambda: len(stream.events) > 1)
        job = claim()
        follow([stream], lambda: len(stream.events) > 2)
        assert transitions.finish(job, write_results(job))
        follow([stream], lambda: stream.over)
    assert [state["job"] for state in stream.states] == [first.pk, second.pk, second.pk, second.pk]
    assert stream.statuses == ["queued", "running", "succeeded"]


def test_a_state_that_will_not_change_is_the_whole_answer(alice: User, bob: User) -> None:
    make_portrait(bob)
    with serving() as port:
        streams = [Stream(port, alice), Stream(port, bob)]
        follow(streams, lambda: all(stream.over for stream in streams) or all(s.events for s in streams))
        assert [stream.statuses for stream in streams] == [["none"], ["succeeded"]]
        assert len(events.listeners) == 0


def test_a_session_that_ends_ends_the_stream(alice: User) -> None:
    enqueue(alice)
    with serving() as port:
        stream = Stream(port, alice)
        follow([stream], lambda: bool(stream.events))
        User.objects.filter(pk=alice.pk).update(token_version=User.next_token_version())
        transitions.renew(claim(), stage="paint", progress=0.5)
        follow([stream], lambda: stream.over)
        assert stream.statuses == ["queued"]


def test_a_student_has_three_streams_at_most(alice: User) -> None:
    enqueue(alice)
    with serving() as port:
        streams: list[Stream] = []
        for _ in range(4):
            streams.append(Stream(port, alice))
            follow(streams, lambda: bool(streams[-1].events))
        follow(streams, lambda: streams[0].over)
        wait_for(lambda: len(events.listeners) == 3, "three listeners")
        assert [stream.over for stream in streams] == [True, False, False, False]


def test_a_server_that_cannot_hold_answers_sends_the_state_and_says_when_to_ask_again(
    as_alice: APIClient, alice: User
) -> None:
    enqueue(alice)
    response = as_alice.get(PATH)
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    retry, name, data = response.content.decode().strip().split("\n")
    assert (retry, name) == ("retry: 2000", "event: status")
    assert json.loads(data.removeprefix("data: ")) == as_alice.get("/user/portrait/").json()


def test_without_a_token_it_is_refused_with_a_problem(visitor: APIClient) -> None:
    response = visitor.get(PATH, HTTP_ACCEPT="text/event-stream")
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
