"""``manage.py seed``: what a school cannot open without."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.core.management.color import no_style
from django.db import connection, transaction

from dormitory.houses import HOUSES
from dormitory.models import House


class Command(BaseCommand):
    help = "Create the four houses where they are missing; what exists stays as it is."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        created = 0
        for seed in HOUSES:
            _house, new = House.objects.get_or_create(
                pk=seed.id,
                defaults={
                    "name": seed.name,
                    "colour": seed.colour,
                    "symbol": seed.symbol,
                    "description": seed.description,
                    "description_en": seed.description_en,
                },
            )
            created += new
        # Ids were given by hand: PostgreSQL's counter must be told, or the next house would collide.
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [House]):
                cursor.execute(statement)
        if options["verbosity"]:
            self.stdout.write(f"houses: {created} created, {len(HOUSES) - created} there already")
