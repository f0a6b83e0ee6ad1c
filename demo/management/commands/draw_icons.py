"""``manage.py draw_icons``: the icons of the installed app, after a change of ``web/art/favicon.svg``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from demo.app_icons import draw


class Command(BaseCommand):
    help = "Draw the icons of the installed app into web/art/, from the page's own drawing."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, data in draw(settings.WEB_ROOT / "art").items():
            path = settings.WEB_ROOT / "art" / name
            path.write_bytes(data)
            self.stdout.write(f"{path} ({len(data) / 1024:.0f} KB)")
