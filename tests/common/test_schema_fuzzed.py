"""The API matches its description for generated requests: schemathesis against the served schema, through WSGI."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from rest_framework_simplejwt.tokens import RefreshToken
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import positive_data_acceptance

from config.wsgi import application
from dormitory.models import House
from dormitory.services import enrol
from lounge.models import Entry
from portrait.models import PortraitJob
from user.models import User

load_all_checks()
api = schemathesis.openapi.from_wsgi("/schema/?format=json", application)

# The usernames of the examples, so that these exist.
PASSWORD = "nargles-are-real"
ENTRY = 110


@dataclass
class Caller:
    student: User

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {RefreshToken.for_user(self.student).access_token}"}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The end of a request must not close the connection, and with it the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def school(one_connection: None, db: None) -> None:
    call_command("seed", verbosity=0)


@pytest.fixture(params=["sorted, with a portrait", "new, with a failed portrait"])
def caller(request: pytest.FixtureRequest, school: None) -> Caller:
    """Two students, so that every call can succeed for one of them."""
    student = User.objects.create_user(username="luna", fullname="김루나", password=PASSWORD)
    job = PortraitJob.objects.create(
        student=student, photo="photos/a.jpg", still="photos/a-still.jpg", seed=7
    )
    User.objects.filter(pk=student.pk).update(still=job.still.name)
    if request.param.startswith("sorted"):
        results = {name: f"portraits/a/1-b.{name}" for name in PortraitJob.RESULTS}
        PortraitJob.objects.filter(pk=job.pk).update(
            state=PortraitJob.State.SUCCEEDED, progress=1.0, seconds=4.2, **results
        )
        User.objects.filter(pk=student.pk).update(portrait=results["webp"])
        student.refresh_from_db()
        birthday = student.date_joined.date().replace(year=1981)
        enrol(student=student, house=House.objects.get(pk=4), birthday=birthday)
        Entry.objects.create(pk=ENTRY, author=student, content="오늘 도서관에서 별자리를 봤어요!")
    else:
        PortraitJob.objects.filter(pk=job.pk).update(state=PortraitJob.State.FAILED, error_code="no_face")
    return Caller(User.objects.get(pk=student.pk))


@api.parametrize()
@settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    # The school is built once; what an example does to it is rolled back below.
    suppress_health_check=list(HealthCheck),
)
def test_no_fault_and_nothing_undocumented(case: schemathesis.Case, caller: Caller) -> None:
    sid = transaction.savepoint()
    try:
        case.call_and_validate(
            headers=caller.headers,
            # Rules such as "this password is too common" cannot be expressed in a schema.
            excluded_checks=[positive_data_acceptance],
        )
    finally:
        transaction.savepoint_rollback(sid)
