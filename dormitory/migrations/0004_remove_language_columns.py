from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("dormitory", "0003_texts"),
    ]

    operations = [
        # Defaults first, so that the columns can be added to existing rows when this is undone.
        migrations.AlterField("question", "korean", models.CharField(default="", max_length=300)),
        migrations.AlterField("answer", "korean", models.CharField(default="", max_length=300)),
        migrations.RemoveField("house", "description"),
        migrations.RemoveField("house", "description_en"),
        migrations.RemoveField("question", "korean"),
        migrations.RemoveField("question", "english"),
        migrations.RemoveField("answer", "korean"),
        migrations.RemoveField("answer", "english"),
    ]
