import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portrait", "0004_face")]

    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                (
                    "id",
                    models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                ),
                ("mark", models.UUIDField(default=uuid.uuid4, editable=False)),
            ],
        ),
        migrations.AddField(
            model_name="portraitworker",
            name="paused",
            field=models.BooleanField(default=False, verbose_name="takes no jobs"),
        ),
    ]
