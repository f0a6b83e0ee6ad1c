from django.db import migrations, models


class Migration(migrations.Migration):
    # An index of its own transaction: PostgreSQL refuses one on rows with pending triggers.

    dependencies = [
        ("user", "0006_portrait_at"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("is_active", True)),
                fields=["-portrait_at", "-id"],
                name="user_portraits",
            ),
        ),
    ]
