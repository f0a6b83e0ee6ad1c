"""The guestbook of the lounge (entries, reactions to them, reports of them), and the links to the projector page."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from lounge.text import MAX_LENGTH


class Entry(models.Model):
    """What one student wrote. A hidden entry is kept for the admins and shown to no student."""

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("author"),
        on_delete=models.CASCADE,
        related_name="entries",
        # The index "lounge_by_author" begins with the author and serves the same queries.
        db_index=False,
    )
    content = models.CharField(_("text"), max_length=MAX_LENGTH)
    created_at = models.DateTimeField(_("written"), default=timezone.now, editable=False)
    edited_at = models.DateTimeField(_("edited"), null=True, blank=True, editable=False)
    hidden = models.BooleanField(_("hidden"), default=False)

    class Meta:
        verbose_name = _("guestbook entry")
        verbose_name_plural = _("guestbook entries")
        ordering = ["-created_at", "-id"]
        indexes = [
            # The board, newest first, and the days of the statistics.
            models.Index(fields=["-created_at", "-id"], condition=Q(hidden=False), name="lounge_board"),
            # Counted per house from the index alone.
            models.Index(fields=["author", "hidden"], name="lounge_by_author"),
        ]

    def __str__(self) -> str:
        return self.content if len(self.content) <= 40 else f"{self.content[:39]}…"

    @property
    def edited(self) -> bool:
        """Whether the text is another one than at first."""
        return self.edited_at is not None


class Reaction(models.Model):
    """One student's reaction to an entry; another one takes its place."""

    class Kind(models.TextChoices):
        HEART = "heart", _("heart")
        SMILE = "smile", _("smile")
        WOW = "wow", _("wow")
        STAR = "star", _("star")
        FLAME = "flame", _("flame")

    entry = models.ForeignKey(
        Entry, verbose_name=_("guestbook entry"), on_delete=models.CASCADE, related_name="reactions"
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("student"),
        on_delete=models.CASCADE,
        related_name="reactions",
    )
    kind = models.CharField(_("reaction"), max_length=10, choices=Kind)

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        constraints = [models.UniqueConstraint(fields=["entry", "student"], name="lounge_one_reaction")]

    def __str__(self) -> str:
        return self.kind


class Report(models.Model):
    """A student finds that staff should look at an entry. Staff settle it: they hide the entry, or keep it."""

    entry = models.ForeignKey(
        Entry, verbose_name=_("guestbook entry"), on_delete=models.CASCADE, related_name="reports"
    )
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("student"), on_delete=models.CASCADE, related_name="reports"
    )
    reason = models.CharField(_("reason"), max_length=MAX_LENGTH, blank=True)
    created_at = models.DateTimeField(_("reported"), default=timezone.now, editable=False)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-created_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["entry", "student"], name="lounge_one_report")]
        indexes = [models.Index(fields=["entry"], condition=Q(settled_at=None), name="lounge_open_reports")]

    def __str__(self) -> str:
        return self.reason or str(self.entry)


# Of a link to the projector page: a weekend with the days before it.
WALL_LINK_LIFETIME = datetime.timedelta(days=7)


def wall_link_end() -> datetime.datetime:
    """Until when a link that is made now is valid."""
    return timezone.now() + WALL_LINK_LIFETIME


class WallLink(models.Model):
    """A link to the projector page with the portraits of a house or of all; staff make it and revoke it."""

    label = models.CharField(
        _("label"), max_length=60, blank=True, help_text=_("Where the link is used, such as a room.")
    )
    house = models.ForeignKey(
        "dormitory.House",
        verbose_name=_("house"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text=_("Without one: all houses."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("made by"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("valid until"), default=wall_link_end)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("link to the projector page")
        verbose_name_plural = _("links to the projector page")
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.label or f"{self.pk}"

    @property
    def is_valid(self) -> bool:
        """Whether it opens the page now."""
        return self.revoked_at is None and self.expires_at > timezone.now()
