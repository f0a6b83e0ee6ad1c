"""Portraits for demo students: the engine makes a few, and every student gets hard links to the files of one."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from typing import Any

from common.storage import media
from demo.faces import all_faces
from portrait import choices, files
from portrait.engine.output.formats import FORMATS
from portrait.engine.photo.choice import LARGEST
from portrait.engine.request import PortraitRequest
from portrait.engine_options import engine_options
from portrait.models import PortraitJob, request_columns
from portrait.photos import face_to_json, prepare_photo
from portrait.worker.attempt import load_engine
from user.models import User


@dataclass(frozen=True)
class Original:
    """One portrait as the engine made it; its files lie below MEDIA_ROOT under these names, by job field."""

    names: dict[str, str]
    request: PortraitRequest
    face: dict[str, Any]
    facts: dict[str, Any] | None
    timings: dict[str, float]


def make_originals(count: int, draw: random.Random) -> list[Original]:
    """``count`` portraits of the faces that may be shown, in styles and motions that ``draw`` picks.

    Each takes seconds. Raises EngineError.
    """
    faces = all_faces()
    styles = draw.sample([choice.name for choice in choices.styles()], len(choices.styles()))
    engine = load_engine(engine_options())
    originals = []
    for number in range(count):
        prepared = prepare_photo(faces[number % len(faces)])
        chosen = PortraitRequest(style=styles[number % len(styles)], seed=draw.randrange(2**31))
        request = chosen.or_else(choices.installation_defaults())
        made = engine.make_portrait(prepared.photo, request, face=prepared.face or LARGEST)
        key = uuid.UUID(int=draw.getrandbits(128), version=4)
        names = {"photo": files.photo_name(key), "still": files.still_name(key)}
        media().write(names["photo"], prepared.photo)
        media().write(names["still"], prepared.still)
        for row in FORMATS:
            if row.name in made.contents:
                names[row.name] = files.result_name(key, 1, row.suffix)
                media().write(names[row.name], made.contents[row.name])
        face, facts = face_to_json(prepared.face), prepared.facts.to_json() if prepared.facts else None
        originals.append(Original(names, made.request, face, facts, dict(made.timings)))
    return originals


def give(student: User, original: Original, key: uuid.UUID) -> PortraitJob:
    """An unsaved, succeeded job for ``student`` with files of its own names.

    Once the job is saved, :func:`portrait.queue.projection.refresh` makes the student's record show it.
    """
    names = {"photo": files.photo_name(key), "still": files.still_name(key)}
    names |= {
        row.name: files.result_name(key, 1, row.suffix) for row in FORMATS if row.name in original.names
    }
    for field, name in names.items():
        media().copy(original.names[field], name)
    return PortraitJob(
        student=student,
        key=key,
        face=original.face,
        facts=original.facts,
        **request_columns(original.request),
        state=PortraitJob.State.SUCCEEDED,
        progress=1.0,
        attempts=1,
        lease=1,
        timings=original.timings,
        seconds=sum(original.timings.values()),
        started_at=student.date_joined,
        finished_at=student.date_joined,
        created_at=student.date_joined,
        queued_at=student.date_joined,
        not_before=student.date_joined,
        **names,
    )


def forget(originals: list[Original]) -> None:
    """Delete the originals; the students' copies stay."""
    media().delete(name for original in originals for name in original.names.values())
