"""A portrait request checks itself, whatever it is made from."""

from __future__ import annotations

from dataclasses import fields

import pytest

from portrait.engine.errors import ChoiceError
from portrait.engine.request import DEFAULTS, MAX_SEED, RULES, PortraitRequest


def test_an_empty_text_is_no_choice() -> None:
    assert PortraitRequest(style="", motion="", order="") == PortraitRequest()
    assert PortraitRequest.from_text({"style": "", "seed": "", "pic": "ignored"}) == PortraitRequest()


def test_every_field_has_a_rule() -> None:
    assert list(RULES) == [field.name for field in fields(PortraitRequest)]


@pytest.mark.parametrize(
    ("choice", "code"),
    [
        ({"order": "sideways"}, "unknown_order"),
        ({"seed": -1}, "bad_seed"),
        ({"seed": MAX_SEED + 1}, "bad_seed"),
        ({"strength": 0.49}, "bad_strength"),
        ({"strength": float("nan")}, "bad_strength"),
    ],
)
def test_a_bad_choice_is_refused_with_its_code(choice: dict[str, object], code: str) -> None:
    with pytest.raises(ChoiceError) as caught:
        PortraitRequest(**choice)  # type: ignore[arg-type]
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seed", "1.5"),
        ("seed", "+1"),
        ("seed", "١"),
        ("strength", "1e0"),
        ("strength", "nan"),
        ("strength", "-1"),
    ],
)
def test_a_form_takes_plain_numbers_only(name: str, text: str) -> None:
    with pytest.raises(ChoiceError) as caught:
        PortraitRequest.from_text({name: text})
    assert caught.value.code == RULES[name].code


def test_a_form_is_read_into_values() -> None:
    form = {"style": "udnie", "seed": "7", "strength": "1.25"}
    assert PortraitRequest.from_text(form) == PortraitRequest(style="udnie", seed=7, strength=1.25)


def test_defaults_fill_only_what_is_open() -> None:
    request = PortraitRequest(strength=0.5).or_else(DEFAULTS)
    assert request == PortraitRequest(order=DEFAULTS.order, strength=0.5, size=DEFAULTS.size)
    # Zero is a choice.
    assert PortraitRequest(seed=0).or_else(PortraitRequest(seed=3)).seed == 0


def test_a_seed_is_drawn_only_where_there_is_none() -> None:
    assert PortraitRequest(seed=5).seeded().seed == 5
    drawn = {PortraitRequest().seeded().seed for _ in range(4)}
    assert len(drawn) > 1


@pytest.mark.parametrize("size", [255, 0, 1024])
def test_a_size_that_is_not_offered_is_refused_and_the_others_are_named(size: int) -> None:
    with pytest.raises(ChoiceError, match="256, 384, 512, 640, 768") as caught:
        PortraitRequest(size=size)
    assert caught.value.code == "bad_size"
