"""``manage.py seed``: the houses and the sorting questions of a new school."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.core.management.color import no_style
from django.db import connection, transaction

from dormitory.models import Answer, House, Question
from dormitory.seeds.houses import HOUSES
from dormitory.seeds.questions import QUESTIONS


class Command(BaseCommand):
    help = "Create the four houses and the sorting questions in a school that has none; what exists stays as it is."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        # Only into empty tables, because the command runs at every start: what an admin changed or deleted stays so.
        houses = 0 if House.objects.exists() else seed_houses()
        questions = 0 if Question.objects.exists() else seed_questions()
        # The ids are explicit, so PostgreSQL's sequences must be moved past them.
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [House, Question, Answer]):
                cursor.execute(statement)
        if options["verbosity"]:
            self.stdout.write(f"created: {houses} houses, {questions} sorting questions")


def seed_houses() -> int:
    """The seeded houses. When two processes start at once, the rows of the second one are ignored."""
    houses = [
        House(
            pk=seed.id,
            name=seed.name,
            names=seed.names,
            colour=seed.colour,
            symbol=seed.symbol,
            texts=seed.description,
        )
        for seed in HOUSES
    ]
    return len(House.objects.bulk_create(houses, ignore_conflicts=True))


def seed_questions() -> int:
    """The questions, with answers for those of the seeded houses that are still there."""
    houses = set(House.objects.values_list("pk", flat=True))
    questions = [
        Question(pk=number, position=number, texts=seed.text)
        for number, seed in enumerate(QUESTIONS, start=1)
    ]
    answers = [
        Answer(
            pk=number * len(HOUSES) + place,
            question_id=number + 1,
            house_id=house.id,
            position=place,
            texts=texts,
        )
        for number, seed in enumerate(QUESTIONS)
        for place, (house, texts) in enumerate(zip(HOUSES, seed.answers, strict=True), start=1)
        if house.id in houses
    ]
    Question.objects.bulk_create(questions, ignore_conflicts=True)
    Answer.objects.bulk_create(answers, ignore_conflicts=True)
    return len(questions)
