"""Stored cards, so that each is drawn once: ``cards/<student>/<edition>-<key>.<format>`` in the media storage.

The key is made of everything that the card shows, so a change is another file and nothing has to be told about it.
``cards`` is no public area: views that have checked who asks send the file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException

from common.storage import NotStoredError, media_storage
from dormitory.card import drawing, film, fonts
from dormitory.card.drawing import Facts
from dormitory.models import House
from portrait.engine.errors import EncodingError
from portrait.engine.output.formats import MEDIA_TYPES
from portrait.problems import PortraitProblem
from user.models import User

logger = logging.getLogger(__name__)

FOLDER = "cards"
CONTENT_TYPES = MEDIA_TYPES
# The student's own card, and the one that strangers see, without the birthday.
OWN, PUBLIC = "own", "public"
# One card at a time in a process: a drawing keeps a core busy for seconds, and requests for other things must go on.
_PEN = threading.Lock()
PATIENCE = 20.0


class CardBusy(APIException):
    """503: others are being drawn."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "card_busy"
    default_detail = _("Many cards are being drawn at the moment. Please try again in a moment.")
    wait = 5


class CardUnavailable(APIException):
    """503: there is nothing to draw it with. The log, and the check at the start, say what."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "card_unavailable"
    default_detail = _("The card cannot be drawn at the moment.")


@dataclasses.dataclass(frozen=True)
class Edition:
    """One student's card as it is now, own or public; drawn when somebody wants its file."""

    student_id: int
    name: str
    facts: Facts
    portrait: str  # storage name; "" without one

    @property
    def key(self) -> str:
        """32 hexadecimal digits that change with anything that the card shows, the drawing itself included."""
        shown = repr((dataclasses.astuple(self.facts), self.portrait, _drawing_version(), fonts.font_file()))
        return hashlib.sha256(shown.encode()).hexdigest()[:32]

    def file_name(self, kind: str) -> str:
        return f"{FOLDER}/{self.student_id}/{self.name}-{self.key}.{kind}"

    def drawn(self, kind: str) -> str:
        """The storage name of the card in one of ``CONTENT_TYPES``; it is drawn now if it is not there.

        Raises CardBusy, CardUnavailable, and PortraitProblem (503, ``storage_unavailable``).
        """
        name, storage = self.file_name(kind), media_storage()
        if not storage.exists(name):
            with _drawing():
                # Another request may have drawn this card during the wait.
                if not storage.exists(name):
                    self._draw(kind)
        return name

    def _draw(self, kind: str) -> None:
        portrait = film.read_portrait(_contents(self.portrait), self.facts)
        # A portrait whose file is lost or damaged is not on the card, whatever the record says.
        facts = dataclasses.replace(self.facts, moving=self.facts.moving and len(portrait.frames) > 1)
        files = {"png": film.card_png(facts, portrait)} if kind == "png" else film.card_films(facts, portrait)
        for suffix, data in files.items():
            media_storage().write(self.file_name(suffix), data)
        current = self.file_name("")
        outdated = [name for name in _stored(self.student_id, self.name) if not name.startswith(current)]
        media_storage().delete(outdated)


def edition(student: User, house: House, *, name: str) -> Edition:
    """The card of ``student``, who lives in ``house``; ``name`` is OWN or PUBLIC."""
    facts = Facts(
        fullname=student.fullname,
        number=student.student_number or "",
        birthday=None if name == PUBLIC else student.birthday,
        birthday_secret=name == PUBLIC,
        join_date=student.join_date,
        house=house.name,
        colour=house.colour,
        crest=_crest(house),
        moving=bool(student.portrait),
    )
    return Edition(student.pk, name, facts, str((student.portrait or student.still).name or ""))


def forget(student_id: int, name: str = "") -> None:
    """Delete the student's cards, or those of one edition."""
    media_storage().delete(_stored(student_id, name))


def _stored(student_id: int, name: str) -> list[str]:
    """The storage names of the student's cards, or of those of the edition ``name``."""
    folder = f"{FOLDER}/{student_id}"
    names = [file.name for file in media_storage().list_files(folder)]
    return [found for found in names if not name or found.startswith(f"{folder}/{name}-")]


@contextlib.contextmanager
def _drawing() -> Iterator[None]:
    if not _PEN.acquire(timeout=PATIENCE):
        raise CardBusy
    try:
        yield
    except (fonts.FontError, EncodingError) as error:
        logger.error("no student card can be drawn: %s", error)
        raise CardUnavailable from error
    except OSError as error:
        raise PortraitProblem("storage_unavailable", status.HTTP_503_SERVICE_UNAVAILABLE) from error
    finally:
        _PEN.release()


def _contents(name: str) -> bytes | None:
    """The file's bytes; None where there is none, or where ``name`` is empty."""
    try:
        return media_storage().read(name) if name else None
    except NotStoredError:
        return None


def _crest(house: House) -> bytes:
    """The house's own picture, else the drawing of its symbol."""
    if house.crest and (own := _contents(str(house.crest.name))) is not None:
        return own
    found: Any = finders.find(f"dormitory/crests/{house.symbol}.svg")
    return Path(found).read_bytes()


@cache
def _drawing_version() -> str:
    """Another drawing, another key: the contents of the files that it is made of."""
    here = Path(drawing.__file__).parent
    parts = sorted(path for path in here.iterdir() if path.suffix in (".svg", ".py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in parts)).hexdigest()
