import common.texts
from django.db import migrations

COLUMNS = {
    "House": {"ko": "description", "en": "description_en"},
    "Question": {"ko": "korean", "en": "english"},
    "Answer": {"ko": "korean", "en": "english"},
}


def copy_into_texts(apps, schema_editor):
    for name, columns in COLUMNS.items():
        model = apps.get_model("dormitory", name)
        for row in model.objects.iterator():
            row.texts = {code: text for code, column in columns.items() if (text := getattr(row, column))}
            row.save(update_fields=["texts"])


def copy_out_of_texts(apps, schema_editor):
    for name, columns in COLUMNS.items():
        model = apps.get_model("dormitory", name)
        for row in model.objects.iterator():
            for code, column in columns.items():
                setattr(row, column, row.texts.get(code, ""))
            row.save(update_fields=list(columns.values()))


class Migration(migrations.Migration):
    """One column for each language becomes one JSON column; the old columns go in the next migration."""

    dependencies = [
        ("dormitory", "0002_card_share"),
    ]

    operations = [
        migrations.AddField("house", "texts", common.texts.TextsField(blank=True, verbose_name="description")),
        migrations.AddField("question", "texts", common.texts.TextsField(max_length=300, verbose_name="question")),
        migrations.AddField("answer", "texts", common.texts.TextsField(max_length=300, verbose_name="answer")),
        migrations.RunPython(copy_into_texts, copy_out_of_texts),
    ]
