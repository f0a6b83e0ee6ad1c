"""The durable queue: one row for each accepted photo, and one for each painting whose style is fitted.

Only ``portrait.queue`` writes their state.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.texts import TextsField, in_language
from portrait.engine import request
from portrait.engine.motion.template import SLUG
from portrait.engine.output.formats import NAMES
from portrait.engine.request import RULES, PortraitRequest


def request_columns(request: PortraitRequest) -> dict[str, Any]:
    """The job's columns for a request; a text that is not chosen yet is empty, a number null."""
    return {
        name: "" if (value := getattr(request, name)) is None and rule.kind is str else value
        for name, rule in RULES.items()
    }


class QueuedWork(models.Model):
    """``queued -> running -> succeeded | failed | cancelled``.

    ``lease`` counts the claims of this row. The worker that runs the job names its lease in every write, so
    that a worker which was declared dead, but was only slow, changes nothing any more.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    KIND: ClassVar[str]  # what a log calls a row
    ACTIVE: ClassVar[tuple[str, ...]] = (State.QUEUED, State.RUNNING)
    # Whose turn it is; and the times of a waiting row, none of which lies in the future but for a short pause.
    TURN: ClassVar[tuple[str, ...]] = ("queued_at", "id")
    WAITING_TIMES: ClassVar[tuple[str, ...]] = ("queued_at", "not_before")
    # Columns of what an attempt shows before its end; emptied when it ends without a result.
    EARLY: ClassVar[tuple[str, ...]] = ()
    # What becomes of columns that no further attempt needs, when the last one has failed.
    SPENT: ClassVar[dict[str, Any]] = {}

    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
    stage = models.CharField(_("stage"), max_length=16, blank=True)
    progress = models.FloatField(_("progress (0 to 1)"), default=0.0)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease = models.PositiveIntegerField(_("lease number"), default=0)
    lease_expires_at = models.DateTimeField(_("lease expires"), null=True, blank=True)
    worker = models.CharField(_("worker"), max_length=100, blank=True)
    error_code = models.CharField(_("error code"), max_length=40, blank=True)
    error_detail = models.CharField(_("error detail"), max_length=500, blank=True)

    # portrait/queue sets these three by the database's clock (clock.py) when it queues a row. The defaults, by the
    # clock of the process, are for rows that are not queued: those of tests and of the seeded school.
    created_at = models.DateTimeField(_("accepted"), default=timezone.now, editable=False)
    # When it was asked for, or tried again.
    queued_at = models.DateTimeField(_("queued at"), default=timezone.now, editable=False)
    # Not to be claimed before this time: now for a new job, a little later after a failed attempt.
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def active(self) -> bool:
        """Whether the job still waits or runs."""
        return self.state in self.ACTIVE

    @property
    def label(self) -> str:
        """The row as a log names it."""
        return f"{self.KIND} {self.pk}"


class PortraitJob(QueuedWork):
    """The job of one portrait."""

    # The columns that name files: those of the private folder, and the public ones.
    PHOTOS: ClassVar[tuple[str, ...]] = ("photo", "still")
    # What becomes of the columns that go with the photo.
    WITH_PHOTO: ClassVar[dict[str, Any]] = {**dict.fromkeys(PHOTOS, ""), "readings": None}
    RESULTS: ClassVar[tuple[str, ...]] = NAMES
    FILES: ClassVar[tuple[str, ...]] = (*PHOTOS, *RESULTS)
    # Those whose URLs the student gets; that of the still is signed and expires.
    SHOWN: ClassVar[tuple[str, ...]] = ("still", *RESULTS)
    KIND = "job"
    TURN = ("place", "id")
    WAITING_TIMES = ("queued_at", "place", "not_before")
    EARLY = ("poster",)

    class Order(models.TextChoices):
        PAINT_AND_CARRY = request.PAINT_AND_CARRY, _("paint once, carry the strokes along")
        ANIMATE_THEN_PAINT = request.ANIMATE_THEN_PAINT, _("animate, then paint each frame")
        PAINT_THEN_ANIMATE = request.PAINT_THEN_ANIMATE, _("paint once, then animate the painting")

    # Names the job's folders; never guessable from the student or from another job.
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("student"),
        on_delete=models.CASCADE,
        related_name="portrait_jobs",
    )
    # Cleaned, server-named copy of the upload; served to staff alone.
    photo = models.FileField(_("photo"), max_length=200)
    # The key of the job that the photo was uploaded for, in other portraits of the same photo; null in that job.
    upload = models.UUIDField(null=True, blank=True, editable=False)
    # Where the upload found the face, as a FaceBox's fields in pixels of ``photo``; {} where it found none, null
    # where it did not search.
    face = models.JSONField(null=True, blank=True, editable=False)
    # What the upload found out about ``photo``, as ``photos.PhotoFacts``; null in a job from before it did.
    facts = models.JSONField(null=True, blank=True, editable=False)
    # X-Request-ID of the request that asked for the portrait; what is logged of the job has it.
    request_id = models.CharField(max_length=64, blank=True, editable=False, default="")
    # Whether the student wants the picture to be read for the sorting, and what was read: a number by feature
    # (``engine.photo.readings``). It is deleted with the photo.
    look = models.BooleanField(default=False, editable=False)
    readings = models.JSONField(null=True, blank=True, editable=False)
    # The PortraitRequest, a column for each field. An empty style or motion is drawn from ``seed``, so that a second
    # attempt draws the same.
    style = models.CharField(_("style"), max_length=64, blank=True)
    motion = models.CharField(_("motion"), max_length=64, blank=True)
    order = models.CharField(_("order"), max_length=24, choices=Order, default=Order.PAINT_AND_CARRY)
    seed = models.PositiveIntegerField(_("seed"))
    strength = models.FloatField(_("strength of the motion"), default=1.0)
    size = models.PositiveSmallIntegerField(_("side in pixels"), default=request.DEFAULT_SIZE)

    # The place in the queue, the earliest first: later than ``queued_at`` for a student who asked before
    # (``queue.turns``). Kept by our own faults.
    place = models.DateTimeField(default=timezone.now, editable=False)
    # How often the student asked for this portrait: one, and each retry.
    turns = models.PositiveIntegerField(default=1, editable=False)
    # When the student went back to this portrait, if they ever did.
    chosen_at = models.DateTimeField(_("chosen"), null=True, blank=True)

    still = models.FileField(_("cropped photo"), max_length=200, blank=True)
    webp = models.FileField(_("animated WebP"), max_length=200, blank=True)
    avif = models.FileField(_("animated AVIF"), max_length=200, blank=True)
    gif = models.FileField(_("animated GIF"), max_length=200, blank=True)
    mp4 = models.FileField(_("MP4"), max_length=200, blank=True)
    poster = models.FileField(_("poster"), max_length=200, blank=True)
    tile = models.FileField(_("tile"), max_length=200, blank=True)
    live = models.FileField(_("live portrait"), max_length=200, blank=True)
    timings = models.JSONField(_("seconds per stage"), default=dict, blank=True)
    # From the claim to the end of the attempt that succeeded; what the next student's waiting time is told from.
    seconds = models.FloatField(_("seconds"), null=True, blank=True)

    class Meta:
        verbose_name = _("portrait job")
        verbose_name_plural = _("portrait jobs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["state", "place", "id"], name="portrait_queue"),
            models.Index(fields=["student", "-id"], name="portrait_latest"),
            models.Index(fields=["finished_at"], name="portrait_finished"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["student"],
                condition=Q(state__in=("queued", "running")),
                name="one_active_job_per_student",
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="progress_is_a_fraction"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.get_state_display()})"

    @property
    def request(self) -> PortraitRequest:
        """What was asked for; after it was made, with what was drawn."""
        return PortraitRequest(**{name: getattr(self, name) for name in RULES})

    @property
    def origin(self) -> uuid.UUID:
        """The key of the job that the photo was uploaded for."""
        return self.upload or self.key

    @property
    def shown_since(self) -> datetime:
        """When this portrait was made or chosen, whichever was later: the latest of a student's is shown."""
        return max(moment for moment in (self.created_at, self.finished_at, self.chosen_at) if moment)

    @property
    def file_names(self) -> set[str]:
        """The storage names of all files that the row owns."""
        return {name for field in self.FILES if (name := getattr(self, field).name)}


class OwnPainting(QueuedWork):
    """A painting that an admin uploaded, and the style that a worker fits to it.

    Pictures and style are in the row, so that every machine has them and a transaction changes all of them at once;
    together they are below a megabyte. A style that was fitted before stays in use while it is fitted again.
    """

    KIND = "painting"
    BLOBS: ClassVar[tuple[str, ...]] = ("picture", "style", "portrait", "preview", "preview_still")

    slug = models.CharField(
        _("name for programs"),
        max_length=64,
        unique=True,
        validators=[RegexValidator(rf"\A(?:{SLUG.pattern})\Z")],
        help_text=_("a-z, 0-9 and hyphens, such as the-kiss"),
    )
    titles = TextsField(_("title"), max_length=80)
    picture = models.BinaryField(_("painting"), editable=False)  # JPEG
    # What ``engine.style.row`` packs, and the digest of the painter that it was fitted to.
    style = models.BinaryField(null=True, editable=False)
    painter = models.CharField(max_length=64, blank=True, editable=False)
    # The astronaut in the style: a WebP of 512 pixels, and the two files of a preview.
    portrait = models.BinaryField(null=True, editable=False)
    preview = models.BinaryField(null=True, editable=False)
    preview_still = models.BinaryField(null=True, editable=False)
    # Of the style and its pictures; part of the addresses of the preview.
    version = models.CharField(max_length=12, blank=True, editable=False)
    metrics = models.JSONField(_("measured"), default=dict, blank=True, editable=False)
    published_at = models.DateTimeField(_("published"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("own painting")
        verbose_name_plural = _("own paintings")
        ordering = ["-id"]

    def __str__(self) -> str:
        return in_language(self.titles) or self.slug


class Errand(QueuedWork):
    """Short work for one student beside a portrait; a row for each kind, used again by the next request."""

    class Kind(models.TextChoices):
        PREVIEWS = "previews", _("small stills in all styles")
        PERFORMANCE = "performance", _("a motion of one's own")

    KIND = "errand"
    SPENT = {"clip": None}

    student = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("student"),
        on_delete=models.CASCADE,
        related_name="errands",
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # The portrait whose photo the previews are made of; the errand goes with that photo.
    source = models.ForeignKey(PortraitJob, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    # The film of a performance; deleted as soon as the motion is made, or cannot be made.
    clip = models.BinaryField(null=True)
    # Previews: JSON, a JPEG in base64 by style. A performance: a motion template.
    result = models.BinaryField(null=True)

    class Meta:
        verbose_name = _("errand")
        verbose_name_plural = _("errands")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["student", "kind"], name="one_errand_of_a_kind")]
        # Each look of each worker for its next work asks for both; the rows have a hundred kilobytes each.
        indexes = [
            models.Index(fields=["state", "queued_at", "id"], name="errand_queue"),
            models.Index(fields=["started_at"], name="errand_started"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.get_kind_display()})"


# All kinds of work, each with rows of its own.
QUEUES: tuple[type[QueuedWork], ...] = (PortraitJob, OwnPainting, Errand)


class PortraitWorker(models.Model):
    """A worker that is alive says so every few seconds; who has been silent for ``SILENT`` seconds is gone."""

    SILENT: ClassVar[int] = 20

    name = models.CharField(_("name"), max_length=100, unique=True)
    host = models.CharField(_("host"), max_length=100)
    pid = models.PositiveIntegerField(_("process id"))
    processes = models.PositiveSmallIntegerField(_("children"))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    # The mean of the latest portraits, kept here so that a status request needs no statistics of its own.
    seconds_per_job = models.FloatField(_("seconds per portrait"), null=True, blank=True)
    # What an admin has to mend, such as a damaged checkpoint; empty while all is well.
    fault = models.CharField(_("fault"), max_length=500, blank=True)
    # Whether the fault keeps it from taking jobs.
    paused = models.BooleanField(_("takes no jobs"), default=False)

    class Meta:
        verbose_name = _("portrait worker")
        verbose_name_plural = _("portrait workers")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Installation(models.Model):
    """One row: the mark that says which media storage belongs to this database."""

    ONLY: ClassVar[int] = 1

    mark = models.UUIDField(default=uuid.uuid4, editable=False)

    def __str__(self) -> str:
        return self.mark.hex
