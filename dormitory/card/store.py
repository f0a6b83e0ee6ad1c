"""Drawn cards in the media storage: ``cards/<student>/<edition>-<key>.<format>``.

The key is a digest of everything that the card shows, so a change leads to another file without invalidation.
The folder is not public; views check the permission and send the file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import threading
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders

from common.storage import media
from dormitory.card import drawing, film, fonts, words
from dormitory.card.drawing import Facts
from dormitory.models import House
from dormitory.problems import CardProblem
from portrait.engine.errors import EncodingError
from portrait.engine.output.formats import MP4, POSTER
from portrait.queue.retention import batches
from user.models import User

logger = logging.getLogger(__name__)

FOLDER = "cards"
CONTENT_TYPES = {
    **{row.suffix: row.media_type for row in (POSTER, *film.FORMATS)},
    "story": MP4.media_type,
    "square": POSTER.media_type,
}
# The end of a file's name, where it is not the kind itself.
SUFFIXES = {"story": f"story.{MP4.suffix}", "square": f"square.{POSTER.suffix}"}
# The student's own card, and the publicly shared one, without the birthday.
OWN, PUBLIC = "own", "public"
# One card at a time in a process: a drawing keeps a core busy for seconds, and other requests must go on.
_DRAWING_LOCK = threading.Lock()
# Seconds that a request waits for the lock, and after which a refused client should try again.
LOCK_TIMEOUT = 20.0
RETRY_AFTER = 5


@dataclasses.dataclass(frozen=True)
class Edition:
    """One student's card as it is now, own or public; drawn when its file is requested."""

    student_id: int
    name: str
    facts: Facts
    portrait: str  # storage name of the moving WebP; "" without one. The photo is never drawn.

    @property
    def key(self) -> str:
        """A digest of everything on the card and of the drawing's code: 32 hexadecimal digits."""
        shown = repr((dataclasses.astuple(self.facts), self.portrait, _drawing_version(), fonts.font_file()))
        return hashlib.sha256(shown.encode()).hexdigest()[:32]

    def file_name(self, kind: str) -> str:
        return f"{FOLDER}/{self.student_id}/{self.name}-{self.key}.{SUFFIXES.get(kind, kind)}"

    def file(self, kind: str) -> str:
        """The storage name of the card's file of one of ``CONTENT_TYPES``; drawn now if it is not there.

        Raises CardProblem (503) ``card_busy``, ``card_unavailable`` or ``storage_unavailable``.
        """
        name = self.file_name(kind)
        if not media().exists(name):
            with _drawing():
                # While this request waited, another one may have drawn the same card.
                if not media().exists(name):
                    self._draw(kind)
        return name

    def _draw(self, kind: str) -> None:
        portrait = film.read_portrait(_contents(self.portrait), self.facts)
        # A portrait whose file is lost or damaged is not on the card, so the note about it is left out.
        facts = dataclasses.replace(self.facts, moving=self.facts.moving and len(portrait.frames) > 1)
        if kind in ("png", "square"):
            files = {kind: (film.card_png if kind == "png" else film.square_png)(facts, portrait)}
        elif kind == "story":
            files = {kind: film.story_film(facts, portrait)}
        else:
            files = film.card_films(facts, portrait)
        for suffix, data in files.items():
            media().write(self.file_name(suffix), data)
        current = f"{FOLDER}/{self.student_id}/{self.name}-{self.key}."
        media().delete(name for name in _files_of(self.student_id, self.name) if not name.startswith(current))


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
    return Edition(student.pk, name, facts, student.portrait.name or "")


def forget(student_id: int, name: str = "") -> None:
    """Delete the student's cards, or those of one edition."""
    media().delete(_files_of(student_id, name))


def forget_strangers() -> None:
    """Delete the cards of students who are not in the database. Another one that is needed would be drawn again."""
    for cards in batches(media().files(FOLDER), 500):
        owners = {card.name: int(owner) for card in cards if (owner := card.name.split("/")[1]).isdecimal()}
        known = set(User.objects.filter(pk__in=set(owners.values())).values_list("pk", flat=True))
        media().delete(name for name, owner in owners.items() if owner not in known)


def _files_of(student_id: int, name: str) -> list[str]:
    """The stored cards of a student, those being written among them; of one edition unless ``name`` is empty."""
    names = [file.name for file in media().files(f"{FOLDER}/{student_id}")]
    return [
        file for file in names if file.rpartition("/")[2].lstrip(".").startswith(f"{name}-" if name else "")
    ]


@contextlib.contextmanager
def _drawing() -> Iterator[None]:
    if not _DRAWING_LOCK.acquire(timeout=LOCK_TIMEOUT):
        raise CardProblem("card_busy", wait=RETRY_AFTER)
    try:
        yield
    except (fonts.FontError, EncodingError) as error:
        logger.error("no student card can be drawn: %s", error)
        raise CardProblem("card_unavailable") from error
    except OSError as error:
        raise CardProblem("storage_unavailable") from error
    finally:
        _DRAWING_LOCK.release()


def _contents(name: str) -> bytes | None:
    """The stored file's bytes; None for no name and for a file that is lost."""
    try:
        return media().read(name) if name else None
    except FileNotFoundError:
        return None


def _crest(house: House) -> bytes:
    """The house's own picture, else the drawing of its symbol."""
    with contextlib.suppress(FileNotFoundError):
        if house.crest.name:
            return _own_crest(str(house.crest.name))
    found: Any = finders.find(f"dormitory/crests/{house.symbol}.svg")
    return Path(found).read_bytes()


@lru_cache(maxsize=16)
def _own_crest(name: str) -> bytes:
    """A house's own picture, which every request for a card needs; a name is never used for another one."""
    return media().read(name)


@cache
def _drawing_version() -> str:
    """A digest of the code, the templates and the words that the drawing is made of."""
    here = Path(drawing.__file__).parent
    parts = sorted(path for path in here.iterdir() if path.suffix in (".svg", ".py"))
    text = repr((words.printed(), words.secret(), words.machine_made()))
    return hashlib.sha256(b"".join([*(path.read_bytes() for path in parts), text.encode()])).hexdigest()
