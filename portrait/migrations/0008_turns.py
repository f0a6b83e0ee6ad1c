from __future__ import annotations

from typing import Any

import django.utils.timezone
from django.db import migrations, models


def keep_places(apps: Any, schema_editor: Any) -> None:
    """Jobs that wait keep their places."""
    apps.get_model("portrait", "PortraitJob").objects.filter(state="queued").update(
        place=models.F("queued_at")
    )


class Migration(migrations.Migration):
    dependencies = [("portrait", "0007_upload")]

    operations = [
        migrations.AddField(
            model_name="portraitjob",
            name="place",
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False),
        ),
        migrations.RunPython(keep_places, migrations.RunPython.noop),
        migrations.AddField(
            model_name="portraitjob",
            name="turns",
            field=models.PositiveIntegerField(default=1, editable=False),
        ),
        migrations.RemoveIndex(model_name="portraitjob", name="portrait_queue"),
        migrations.AddIndex(
            model_name="portraitjob",
            index=models.Index(fields=["state", "place", "id"], name="portrait_queue"),
        ),
    ]
