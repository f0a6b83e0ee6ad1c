"""Students are told after how many days their photo is deleted; the worker keeps that promise without any timer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from portrait.models import PortraitJob
from tests.paths import media_path
from tests.portrait.kit import Workers, assert_no_orphans, make_portrait, wait_for
from user.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_photo_goes_after_the_days_that_were_named_and_the_portrait_stays(
    workers: Workers, alice: User, bob: User
) -> None:
    old, young = make_portrait(alice), make_portrait(bob)
    for job, days in ((old, 31), (young, 29)):
        PortraitJob.objects.filter(pk=job.pk).update(finished_at=timezone.now() - timedelta(days=days))

    workers.start()

    kept = [media_path(str(file.name)) for file in (old.photo, old.still)]
    wait_for(lambda: not any(path.exists() for path in kept), "the end of the photo and of its still")
    assert not PortraitJob.objects.get(pk=old.pk).photo
    assert PortraitJob.objects.get(pk=young.pk).photo
    assert PortraitJob.objects.get(pk=old.pk).webp
    assert_no_orphans()
