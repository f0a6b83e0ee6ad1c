"""What may be chosen of a portrait follows from the request's rules and the settings."""

from __future__ import annotations

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from config.settings import request_defaults
from portrait.engine.request import DEFAULTS, MAX_STRENGTH, MIN_STRENGTH, RULES, SIZES


def test_each_number_is_offered_with_what_it_may_be_and_the_installations_choice(
    as_alice: APIClient, settings: Settings
) -> None:
    settings.PORTRAIT = {**settings.PORTRAIT, "SIZE": 384, "STRENGTH": 1.25}
    told = as_alice.get("/user/portrait/options/").json()
    assert told["size"] == {"choices": list(SIZES), "default": 384}
    assert told["strength"] == {"min": MIN_STRENGTH, "max": MAX_STRENGTH, "default": 1.25}
    assert "seed" not in told


def test_each_field_that_an_installation_may_choose_has_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in RULES:
        monkeypatch.delenv(f"PORTRAIT_{name.upper()}", raising=False)
    found = request_defaults()
    assert found.keys() == {name.upper() for name in RULES} - {"SEED"}
    for name, value in found.items():
        assert value == (getattr(DEFAULTS, name.lower()) or "random")
    monkeypatch.setenv("PORTRAIT_SIZE", "640")
    assert request_defaults()["SIZE"] == 640
