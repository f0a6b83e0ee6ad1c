"""Houses, sorting questions with their answers, series of student numbers, and shared cards."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.templatetags.static import static
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from common.commits import after_commit
from common.storage import media
from common.texts import TextsField, in_language
from dormitory.crests import CrestField


class House(models.Model):
    """One of the houses. Ids are part of the JSON contract: 1..4 on a freshly seeded database."""

    class Symbol(models.TextChoices):
        """The packaged crests, ``static/dormitory/crests/<symbol>.svg``."""

        FLAME = "flame", _("flame")
        WHEAT = "wheat", _("wheat")
        WAVE = "wave", _("wave")
        STAR = "star", _("star")
        SHIELD = "shield", _("plain shield")

    name = models.CharField(_("name"), max_length=40, unique=True)
    # The JSON contract's name above stays the same in every language.
    names = TextsField(_("name in each language"), blank=True, max_length=40)
    texts = TextsField(_("description"), blank=True)
    colour = models.CharField(
        _("colour"), max_length=7, default="#444444", validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$")]
    )
    symbol = models.CharField(_("symbol"), max_length=10, choices=Symbol, default=Symbol.SHIELD)
    crest = CrestField(
        _("crest of its own"),
        blank=True,
        help_text=_("A JPEG, PNG or WebP picture that takes the place of the symbol's crest."),
    )

    class Meta:
        verbose_name = _("house")
        verbose_name_plural = _("houses")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; the file of a replaced or cleared crest is deleted after the commit."""
        before = House.objects.filter(pk=self.pk).values_list("crest", flat=True).first()
        super().save(*args, **kwargs)
        if before and before != self.crest.name:
            after_commit(media().delete, [before])

    @property
    def local_name(self) -> str:
        """The name in the reader's language, else the one that all languages share."""
        language = get_language() or settings.LANGUAGE_CODE
        return str(self.names.get(language.partition("-")[0]) or self.name)

    @property
    def text(self) -> str:
        """The description in the reader's language; ``""`` where there is none."""
        return in_language(self.texts)

    @property
    def logo(self) -> str:
        """The URL path of the crest: the uploaded picture, else the drawing of the symbol."""
        return self.crest.url if self.crest else static(f"dormitory/crests/{self.symbol}.svg")


class Question(models.Model):
    """One question of the sorting. An inactive one, or one without answers, is not asked."""

    texts = TextsField(_("question"), max_length=300)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("sorting question")
        verbose_name_plural = _("sorting questions")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The question in the reader's language."""
        return in_language(self.texts)


class Answer(models.Model):
    """One of a question's answers; choosing it gives a point to its house."""

    question = models.ForeignKey(
        Question, verbose_name=_("sorting question"), on_delete=models.CASCADE, related_name="answers"
    )
    house = models.ForeignKey(
        House, verbose_name=_("house"), on_delete=models.CASCADE, related_name="answers"
    )
    texts = TextsField(_("answer"), max_length=300)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The answer in the reader's language."""
        return in_language(self.texts)


class LookedSorting(models.Model):
    """A sorting in which the picture took part; the student may still say no, and then the quiz alone decides."""

    student = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("student"),
        on_delete=models.CASCADE,
        related_name="looked_sorting",
    )
    house = models.ForeignKey(House, verbose_name=_("house"), on_delete=models.CASCADE, related_name="+")
    quiz_house = models.ForeignKey(
        House, verbose_name=_("house by the quiz alone"), on_delete=models.CASCADE, related_name="+"
    )

    class Meta:
        verbose_name = _("sorting with the picture")
        verbose_name_plural = _("sortings with the picture")

    def __str__(self) -> str:
        return str(self.student_id)


class CardShare(models.Model):
    """A card that is public at an address with this token. Deleting the row ends that."""

    student = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("student"),
        on_delete=models.CASCADE,
        related_name="card_share",
    )
    token = models.CharField(_("address"), max_length=64, unique=True, editable=False)
    created = models.DateTimeField(_("shared"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("shared student card")
        verbose_name_plural = _("shared student cards")
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.token


class NumberSeries(models.Model):
    """How many student numbers with this prefix were given out; never decreased, so that no number is used twice."""

    prefix = models.CharField(_("beginning"), max_length=30, primary_key=True)
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("series of student numbers")
        verbose_name_plural = _("series of student numbers")
        ordering = ["prefix"]

    def __str__(self) -> str:
        return self.prefix
