from __future__ import annotations

import pytest

from portrait.models import PortraitJob
from tests.conftest import PASSWORD, client_of
from tests.portrait import kit
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_drops_the_job_of_a_deleted_account_and_goes_on_with_the_next(
    alice: User, bob: User, workers: kit.Workers
) -> None:
    doomed = kit.enqueue(alice, "sleep:60")
    workers.start(processes=1)
    kit.wait_for(lambda: workers.executions(doomed), "the attempt to begin")

    response = client_of(alice).delete("/user/me/", {"password": PASSWORD})

    assert response.status_code == 200

    job = kit.enqueue(bob)
    kit.wait_for(lambda: PortraitJob.objects.filter(pk=job.pk, state="succeeded").exists(), "bob's portrait")
    assert set(PortraitJob.objects.values_list("pk", flat=True)) == {job.pk}
    kit.assert_no_orphans()
