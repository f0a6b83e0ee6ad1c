"""Portraits for demo students: the engine makes a few, and every student gets hard links to the files of one."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import uuid
from dataclasses import dataclass

from portrait import choices, storage
from portrait.engine_options import engine_options
from portrait.models import PortraitJob
from portrait.worker.child import RESULT_SUFFIXES, load_engine
from user.models import User


@dataclass(frozen=True)
class Original:
    """One portrait as the engine made it; its files lie below MEDIA_ROOT under these names, by job field."""

    names: dict[str, str]
    style: str
    motion: str
    seed: int
    timings: dict[str, float]


def make_originals(count: int, draw: random.Random) -> list[Original]:
    """``count`` portraits of the public-domain astronaut of scikit-image, in styles and motions that ``draw`` picks.

    Each takes seconds. Raises EngineError.
    """
    # Imported here: the web process imports this module and needs neither.
    from skimage import data

    from portrait.engine.photo.reading import clean_jpeg

    photo = clean_jpeg(data.astronaut())
    styles = draw.sample([choice.name for choice in choices.styles()], len(choices.styles()))
    engine = load_engine(engine_options())
    originals = []
    for number in range(count):
        seed = draw.randrange(2**31)
        files = engine.make_portrait(photo, style=styles[number % len(styles)], seed=seed)
        key = uuid.UUID(int=draw.getrandbits(128), version=4)
        names = {"photo": storage.photo_name(key), "still": storage.still_name(key)}
        storage.write(names["photo"], photo)
        storage.write(names["still"], files.still)
        for field, suffix in RESULT_SUFFIXES.items():
            names[field] = storage.result_name(key, 1, suffix)
            storage.write(names[field], getattr(files, field))
        originals.append(Original(names, files.style, files.motion, seed, dict(files.timings)))
    return originals


def give(student: User, original: Original, key: uuid.UUID) -> PortraitJob:
    """An unsaved, succeeded job for ``student`` with files of its own names.

    Once the job is saved, :func:`portrait.queue.record.refresh` makes the student's record show it.
    """
    names = {"photo": storage.photo_name(key), "still": storage.still_name(key)}
    names |= {field: storage.result_name(key, 1, suffix) for field, suffix in RESULT_SUFFIXES.items()}
    for field, name in names.items():
        _link(original.names[field], name)
    return PortraitJob(
        student=student,
        key=key,
        style=original.style,
        motion=original.motion,
        seed=original.seed,
        strength=choices.strength_setting(),
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
    """Delete the originals; the hard links of the students keep the contents."""
    storage.remove(name for original in originals for name in original.names.values())


def _link(source: str, target: str) -> None:
    old, new = storage.path_of(source), storage.path_of(target)
    new.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(OSError):
        os.link(old, new)
        return
    # A file system without hard links, or one file with as many as it may have.
    shutil.copyfile(old, new)
