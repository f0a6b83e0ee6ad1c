"""Paths that are looked up once follow the URL configuration and the prefix in use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpResponse
from django.urls import NoReverseMatch, path, set_script_prefix
from pytest_django import Settings

from common.paths import path_of

urlpatterns = [path("elsewhere/<path:name>", lambda request, name: HttpResponse(name), name="web")]


@pytest.fixture
def no_prefix_afterwards() -> Iterator[None]:
    yield
    set_script_prefix("/")


def test_a_path_is_that_of_the_configuration_in_use(settings: Settings) -> None:
    assert path_of("web", "a.svg") == "/web/a.svg"
    settings.ROOT_URLCONF = __name__
    assert path_of("web", "a.svg") == "/elsewhere/a.svg"
    with pytest.raises(NoReverseMatch):
        path_of("admin:index")


def test_a_path_has_the_prefix_under_which_the_service_runs(no_prefix_afterwards: None) -> None:
    assert path_of("web", "b.svg") == "/web/b.svg"
    set_script_prefix("/school/")
    assert path_of("web", "b.svg") == "/school/web/b.svg"
