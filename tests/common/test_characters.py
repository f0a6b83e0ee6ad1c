"""Characters: what is seen of them, and how a text is put into a sentence without changing its order."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.characters import isolated


@pytest.mark.parametrize("name", ["Luna", "김루나", "Анна", "佐々木", "Luna 7", "O\u2019Neil", ""])
def test_what_runs_from_left_to_right_is_put_in_as_it_is(name: str) -> None:
    assert isolated(name) == name


@pytest.mark.parametrize("name", ["שרה", "سلمى", "Luna \u202e", "\u2067Luna", "Luna \u0661"])
def test_what_changes_the_order_is_isolated(name: str) -> None:
    assert isolated(name) == f"\u2068{name}\u2069"


@given(st.text())
def test_no_character_that_changes_the_order_is_put_in_bare(text: str) -> None:
    if isolated(text) == text:
        kinds = {unicodedata.bidirectional(character) for character in text}
        assert not kinds & {"R", "AL", "AN", "RLE", "RLO", "RLI", "LRO", "LRE", "LRI", "FSI", "PDI", "PDF"}
