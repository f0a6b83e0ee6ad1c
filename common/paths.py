"""Paths of the service by the names of its URL configuration, looked up once."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse


def path_of(name: str, *args: str) -> str:
    """``reverse(name, args=args)``, remembered: for paths that many answers contain, and few different ``args``.

    Raises NoReverseMatch.
    """
    return _path(name, args, get_urlconf() or settings.ROOT_URLCONF, get_script_prefix())


@lru_cache(maxsize=256)
def _path(name: str, args: tuple[str, ...], urlconf: str, prefix: str) -> str:
    return reverse(name, urlconf=urlconf, args=args)
