"""The guestbook of the lounge."""

from __future__ import annotations

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
