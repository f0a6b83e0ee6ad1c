"""Portrait paths below ``/user/``."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
