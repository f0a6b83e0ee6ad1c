"""Each name that sign-up accepts is written on the card without a box."""

from __future__ import annotations

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dormitory.card import fonts, writing
from dormitory.card.drawing import Card, Facts
from tests.paths import ROOT

NAMES = [
    "สมชาย ใจดี",
    "Kim 🧙🏽",
    "ජයසිංහ ශ්\u200dරීමා",
    "علی\u200cرضا",
    "രാജന്\u200d",
    "श्रीमान",
    "ნინო",
    "张伟",
    "Ελένη Іван Łukasz",
    "👩🏽\u200d🚀",
    "1\ufe0f\u20e3 🇰🇷",
    "শুভ",
    "தமிழ்",
    "မောင်",
    "ខ្មែរ",
    "አበበ",
    "שרה",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_scripts_of_the_world_are_written_as_they_are(name: str) -> None:
    assert "".join(run.text for run in writing.runs(name)) == name


def visible(run: writing.Run) -> str:
    return "".join(each for each in run.text if not writing._is_ignorable(each))


@given(st.text(max_size=40))
def test_nothing_is_drawn_for_which_its_typeface_has_no_glyph(text: str) -> None:
    assert all(fonts.can_write(visible(run), run.font) for run in writing.runs(text))


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("𝓛𝓾𝓷𝓪", "Luna"),
        ("ᏣᎳᎩ", "tsalagi"),
        ("བསོད་ནམས", "basaoda·namasa"),
        ("Lu\U0001fae9na", "Lu?na"),
        ("𠮷田", "?田"),
        ("Lu\u202ena", "Luna"),
        ("a\u3000b", "a b"),
    ],
)
def test_what_no_typeface_has_is_replaced_by_something_readable(name: str, written: str) -> None:
    assert "".join(run.text for run in writing.runs(name)) == written


@pytest.mark.parametrize("name", ["👩🏽\u200d🚀x", "🇰🇷🇯🇵", "e\u0301a", "क्षि"])
def test_clusters_keep_what_is_written_as_one(name: str) -> None:
    parts = list(writing.clusters(name))
    assert "".join(parts) == name
    assert not any(part[0] in "\u200d\u0301\U0001f3fd" for part in parts)


def test_a_name_in_several_typefaces_is_drawn() -> None:
    def card(name: str) -> Image.Image:
        day = datetime.date(2000, 2, 29)
        facts = Facts(
            name,
            "26010001",
            day,
            False,
            day,
            "Ravenclaw",
            "#27478f",
            (ROOT / "web/art/castle.svg").read_bytes(),
            False,
        )
        return Card(facts, 600).with_portrait(Image.new("RGB", (300, 300)))

    mixed, bare = (np.asarray(card(name)) for name in ("Kim 🧙🏽 สมชาย", "Kim"))
    assert (mixed != bare)[:, 330:].any()
