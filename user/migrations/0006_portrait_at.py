import django.utils.timezone
from django.db import migrations, models


def copy_sign_up(apps, schema_editor):
    """The times of the portraits are in another app's table; these sort as they were sorted before."""
    apps.get_model("user", "User").objects.update(portrait_at=models.F("date_joined"))


class Migration(migrations.Migration):

    dependencies = [
        ("user", "0005_names_and_email"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="portrait_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, editable=False, verbose_name="portrait since"
            ),
        ),
        migrations.RunPython(copy_sign_up, migrations.RunPython.noop),
    ]
