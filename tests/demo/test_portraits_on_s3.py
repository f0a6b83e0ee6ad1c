"""The demo school's portraits on S3: each student has objects of their own, copied by the server."""

from __future__ import annotations

import random
import uuid

import pytest

from common.storage import Storage
from demo.portraits import Original, forget, give
from portrait.engine.output.formats import FORMATS
from portrait.engine.request import DEFAULTS, PortraitRequest
from portrait.queue import projection
from tests.portrait import kit
from user.models import User

pytestmark = pytest.mark.django_db


def test_every_student_has_objects_of_their_own(s3: Storage, alice: User, bob: User) -> None:
    names = {"photo": "photos/00ff.jpg", "still": "photos/00ff-still.jpg"}
    names |= {row.name: f"portraits/00ff/1-{row.name}.{row.suffix}" for row in FORMATS}
    for field, name in names.items():
        s3.write(name, field.encode())
    request = PortraitRequest(style="starry-night", motion="nod", seed=1).or_else(DEFAULTS)
    original = Original(names, request, {}, None, {"painting": 1.0})
    draw = random.Random(1)
    for student in (alice, bob):
        give(student, original, uuid.UUID(int=draw.getrandbits(128), version=4)).save()
        projection.refresh(student.pk)
    forget([original])
    kit.assert_no_orphans()
    alice.refresh_from_db()
    assert s3.read(str(alice.portrait.name)) == b"webp"
    assert "X-Amz-Signature" in alice.picture
