from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('portrait', '0008_turns'),
    ]

    operations = [
        # Portraits that are there already have 256 pixels.
        migrations.AddField(
            model_name='portraitjob',
            name='size',
            field=models.PositiveSmallIntegerField(default=256, verbose_name='side in pixels'),
        ),
        migrations.AlterField(
            model_name='portraitjob',
            name='size',
            field=models.PositiveSmallIntegerField(default=512, verbose_name='side in pixels'),
        ),
        migrations.AlterField(
            model_name='portraitjob',
            name='order',
            field=models.CharField(choices=[('paint-and-carry', 'paint once, carry the strokes along'), ('animate-then-paint', 'animate, then paint each frame'), ('paint-then-animate', 'paint once, then animate the painting')], default='paint-and-carry', max_length=24, verbose_name='order'),
        ),
    ]
