import common.texts
from django.db import migrations

KOREAN = {"Gryffindor": "그리핀도르", "Hufflepuff": "후플푸프", "Slytherin": "슬리데린", "Ravenclaw": "래번클로"}


def name_seeded_houses(apps, schema_editor):
    """The houses of a school that was seeded before; those with other names are left alone."""
    for name, korean in KOREAN.items():
        apps.get_model("dormitory", "House").objects.filter(name=name).update(names={"ko": korean})


class Migration(migrations.Migration):

    dependencies = [
        ("dormitory", "0005_forget_drawn_cards"),
    ]

    operations = [
        migrations.AddField(
            model_name="house",
            name="names",
            field=common.texts.TextsField(
                blank=True, default=dict, max_length=40, verbose_name="name in each language"
            ),
        ),
        migrations.RunPython(name_seeded_houses, migrations.RunPython.noop),
    ]
