"""Drawn cards that may show a photo are deleted; a card is drawn again when it is asked for."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from common.storage import media


def forget_cards(apps: Any, schema_editor: Any) -> None:
    for pk in apps.get_model("user", "User").objects.values_list("pk", flat=True):
        media().delete(file.name for file in media().files(f"cards/{pk}"))


class Migration(migrations.Migration):
    dependencies = [
        ("dormitory", "0004_remove_language_columns"),
        ("user", "0002_poster"),
    ]

    operations = [migrations.RunPython(forget_cards, migrations.RunPython.noop)]
