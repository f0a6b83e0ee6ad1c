from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("portrait", "0005_private_stills"), ("portrait", "0006_queue")]

    operations = [
        migrations.AddField(
            model_name="portraitjob",
            name="upload",
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
    ]
