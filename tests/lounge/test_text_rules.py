"""The rules of the texts, as properties of generated texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lounge.text import MAX_LENGTH, MIN_LENGTH, TextProblem, clean

# Whitespace, zero width, format, fillers, the empty braille cell, variation selectors, bare marks, tags.
NOTHING_TO_SEE = (
    " \n\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b\u180e\u2000\u2003\u200b\u200c\u200d\u200e\u200f"
    "\u2028\u2029\u202a\u202e\u2060\u2063\u2065\u2066\u2069\u206f\u2800\u3000\u3164\ufe00\ufe0f\ufeff\uffa0\ufff0"
    "\u0301\u0308\u20dd\U0001d159\U0001d173\U000e0001\U000e0020\U000e0100\U000e0fff\uffff\U0010ffff"
)
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\n"]

typed = st.text(max_size=MAX_LENGTH + 50)
OVERRIDES = "\u202d\u202e"
plain = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters=OVERRIDES),
    min_size=MIN_LENGTH,
    max_size=MAX_LENGTH,
).filter(lambda text: any(character.isalnum() for character in text))


def refusal(text: str) -> str:
    with pytest.raises(TextProblem) as caught:
        clean(text)
    return caught.value.codes[0]


@given(typed)
@example("\r\n" * 10)
@example("a\u0301" * MAX_LENGTH)
@example("\u0958" * MAX_LENGTH)
def test_what_is_accepted_is_composed_bounded_visible_and_storable(text: str) -> None:
    try:
        kept = clean(text)
    except TextProblem:
        return
    assert kept == unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    assert MIN_LENGTH <= len(kept) <= MAX_LENGTH
    assert not set(kept) & set(CONTROLS)
    assert set(kept) - set(NOTHING_TO_SEE)
    kept.encode()


@given(typed)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    try:
        kept = clean(text)
    except TextProblem:
        return
    assert clean(kept) == kept


@given(plain)
def test_a_composed_text_within_the_bounds_is_kept_as_typed(text: str) -> None:
    composed = unicodedata.normalize("NFC", text)
    if MIN_LENGTH <= len(composed) <= MAX_LENGTH:
        assert clean(composed) == composed


@given(plain)
def test_however_the_keyboard_composes_the_text_is_the_same(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    if MIN_LENGTH <= len(composed) <= MAX_LENGTH:
        assert clean(decomposed) == clean(composed) == composed


@given(st.text(st.sampled_from(NOTHING_TO_SEE), max_size=MAX_LENGTH))
def test_a_text_without_anything_to_see_is_blank_however_long(text: str) -> None:
    assert refusal(text) == "blank"


@pytest.mark.parametrize("character", NOTHING_TO_SEE)
def test_each_invisible_character_alone_is_blank_but_may_stand_in_a_text(character: str) -> None:
    assert refusal(character * MIN_LENGTH) == "blank"
    if character in OVERRIDES:
        return
    assert clean(f"Good{character}evening") == unicodedata.normalize("NFC", f"Good{character}evening")


@given(plain, st.sampled_from([*CONTROLS, "\ud800", "\udfff"]), st.data())
def test_a_control_character_or_half_a_character_anywhere_is_refused(
    text: str, character: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(text)))
    before, after = text[:place], text[place:]
    if character == "\r" and after.startswith("\n"):
        return
    assert refusal(before + character + after) == "control_characters"


@given(plain, st.sampled_from(OVERRIDES), st.data())
def test_a_direction_override_anywhere_is_refused(text: str, character: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(text)))
    assert refusal(text[:place] + character + text[place:]) == "direction_overrides"


@pytest.mark.parametrize(
    "text", ["שלום לכולם", "مرحبا بالجميع", "Good \u2067שלום\u2069 evening", "می\u200cخواهم"]
)
def test_text_from_right_to_left_is_kept_as_typed(text: str) -> None:
    assert clean(text) == text


@given(
    st.integers(1, 3 * MAX_LENGTH),
    st.sampled_from(["가", "\u1100\u1161", "é", "e\u0301", "🎓", "\U0001fa77"]),
)
def test_length_is_counted_in_characters_not_in_bytes_or_jamo(number: int, character: str) -> None:
    text = character * number
    if number < MIN_LENGTH:
        assert refusal(text) == "min_length"
    elif number > MAX_LENGTH:
        assert refusal(text) == "max_length"
    else:
        assert len(clean(text)) == number


@given(plain)
def test_line_ends_of_any_browser_are_one_newline(text: str) -> None:
    lines = f"{text[:100]}\nsecond line"
    assert clean(lines.replace("\n", "\r\n")) == clean(lines)


def test_all_that_is_wrong_with_a_text_is_said_at_once() -> None:
    with pytest.raises(TextProblem) as caught:
        clean("a\u202e\x00")
    assert caught.value.codes == ["control_characters", "direction_overrides", "min_length"]
