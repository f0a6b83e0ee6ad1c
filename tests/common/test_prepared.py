"""Prepared queries return what querysets return, in each thread and on each database."""

from __future__ import annotations

from threading import Thread

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common.prepared import Parameter, Prepared
from portrait.models import PortraitJob
from portrait.selectors import newest_with_queue
from tests.portrait.kit import enqueue, make_portrait
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)

STUDENT = Prepared(lambda: User.objects.filter(pk=Parameter("pk", User._meta.pk)))
NAMES = Prepared(
    lambda: (
        User.objects.filter(username__gte=Parameter("first", User._meta.get_field("username")))
        .order_by("username")
        .only("fullname")
    )
)


def test_an_instance_has_every_value_that_the_queryset_gives_it(alice: User) -> None:
    found = STUDENT.first(pk=alice.pk)
    assert found is not None
    assert not found.get_deferred_fields()
    for field in User._meta.concrete_fields:
        assert getattr(found, field.attname) == getattr(alice, field.attname)
        assert type(getattr(found, field.attname)) is type(getattr(alice, field.attname))
    assert not found._state.adding


def test_annotations_and_values_of_every_kind_come_back_as_python_values(alice: User) -> None:
    make_portrait(alice)
    enqueue(alice)
    prepared = Prepared(lambda: newest_with_queue(Parameter("student", User._meta.pk)))
    found, wanted = prepared.first(student=alice.pk), newest_with_queue(alice.pk).get()
    assert found is not None
    assert found.get_deferred_fields() == wanted.get_deferred_fields()
    for name in (field.attname for field in PortraitJob._meta.concrete_fields):
        assert getattr(found, name) == getattr(wanted, name), name
    for name in ("ahead", "running", "children", "mean_seconds"):
        assert getattr(found, name) == getattr(wanted, name), name
    assert abs((vars(found)["now"] - vars(wanted)["now"]).total_seconds()) < 60


def test_the_same_query_finds_other_rows_for_other_values(alice: User, bob: User) -> None:
    for student in (alice, bob, alice):
        found = STUDENT.first(pk=student.pk)
        assert found is not None and found.username == student.username
    assert STUDENT.first(pk=alice.pk + bob.pk + 1) is None


def test_it_is_one_query_that_sees_what_was_written_since(alice: User) -> None:
    STUDENT.first(pk=alice.pk)
    User.objects.filter(pk=alice.pk).update(fullname="Alicia")
    with CaptureQueriesContext(connection) as captured:
        found = STUDENT.first(pk=alice.pk)
    assert found is not None and found.fullname == "Alicia"
    assert len(captured) == 1


def test_only_the_named_columns_are_read(alice: User, bob: User) -> None:
    found = NAMES.all(first="alice")
    assert [student.fullname for student in found] == ["Alice", "Bob"]
    assert "password" in found[0].get_deferred_fields()
    assert [student.fullname for student in NAMES.all(first="b")] == ["Bob"]


def test_a_value_is_bound_and_never_part_of_the_sql(alice: User) -> None:
    assert NAMES.all(first="' OR 1=1 --%s") != []
    assert NAMES.all(first="zz' OR 1=1 --%s") == []


def test_a_value_that_is_not_given_is_an_error(alice: User) -> None:
    with pytest.raises(KeyError):
        STUDENT.first(key=alice.pk)


def test_each_thread_runs_it_over_its_own_connection(alice: User) -> None:
    STUDENT.first(pk=alice.pk)
    found: list[str] = []

    def read() -> None:
        try:
            student = STUDENT.first(pk=alice.pk)
            found.append(student.username if student else "")
        finally:
            connection.close()

    thread = Thread(target=read)
    thread.start()
    thread.join()
    assert found == ["alice"]


def test_it_runs_again_after_the_connection_was_closed(alice: User) -> None:
    STUDENT.first(pk=alice.pk)
    connection.close()
    assert STUDENT.first(pk=alice.pk) == alice
