"""Portrait jobs and workers in the admin. Rows are read-only: jobs change through ``portrait.services`` alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from common.admin import EMPTY, ReadOnlyAdmin, TextsFilter, picture
from common.storage import media
from portrait import painting_admin, services, student_admin  # noqa: F401 (these register, too)
from portrait.admin_parts import QueuedWorkColumns, error_text
from portrait.engine.request import RULES
from portrait.models import PortraitJob, PortraitWorker
from portrait.problems import PortraitProblem, describe

State = PortraitJob.State


def _photo_url(job: PortraitJob, field: str) -> str:
    """The admin's own address of one of ``PortraitJob.PHOTOS``; ``""`` for a deleted one."""
    return reverse(f"admin:portrait_portraitjob_{field}", args=(job.pk,)) if getattr(job, field) else ""


@admin.register(PortraitJob)
class PortraitJobAdmin(QueuedWorkColumns, ReadOnlyAdmin):
    list_display = (
        "thumbnail",
        "number",
        "student",
        "state_badge",
        "error_code",
        "attempts",
        "took",
        "choices",
        "accepted",
    )
    list_display_links = ("thumbnail", "number")
    list_select_related = ("student",)
    list_filter = (
        "state",
        ("style", TextsFilter),
        ("error_code", TextsFilter),
        "order",
        "created_at",
    )
    list_per_page = 50
    search_fields = ("id__exact", "student__username", "student__fullname", "error_detail", "worker")
    search_help_text = _("Job number, student, error detail or worker")
    actions = ("retry_jobs", "cancel_jobs")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("student", "comparison", "state_badge", "error", "attempts")}),
        (_("Choices"), {"fields": tuple(RULES)}),
        (_("Timings"), {"fields": ("took", "stages")}),
        (_("Dates"), {"fields": ("created_at", "queued_at", "not_before", "started_at", "finished_at")}),
        (_("Worker"), {"fields": ("worker", "lease", "lease_expires_at"), "classes": ("collapse",)}),
        (_("Files"), {"fields": ("key", "files"), "classes": ("collapse",)}),
    )
    readonly_fields = tuple(field for _name, options in fieldsets for field in options["fields"])

    # --- the list and the page -----------------------------------------------------------------------------------

    @admin.display(description=_("portrait"))
    def thumbnail(self, job: PortraitJob) -> SafeString | str:
        shown = job.tile or job.webp
        url = shown.url if shown else _photo_url(job, "still")
        return picture(url, size=48, alt=job.student.fullname)

    @admin.display(description=_("job"), ordering="id")
    def number(self, job: PortraitJob) -> str:
        return f"#{job.pk}"

    @admin.display(description=_("style and motion"), ordering="style")
    def choices(self, job: PortraitJob) -> str:
        return " · ".join(filter(None, (job.style, job.motion)))

    @admin.display(description=_("accepted"), ordering="created_at")
    def accepted(self, job: PortraitJob) -> str:
        # Shorter than the language's own long form, and sorted by the eye.
        return f"{timezone.localtime(job.created_at):%Y-%m-%d %H:%M}"

    @admin.display(description=_("seconds"), ordering="seconds")
    def took(self, job: PortraitJob) -> str:
        return EMPTY if job.seconds is None else f"{job.seconds:.1f}"

    @admin.display(description=_("error"))
    def error(self, job: PortraitJob) -> SafeString | str:
        return error_text(job, describe(job.error_code))

    @admin.display(description=_("photo and portrait"))
    def comparison(self, job: PortraitJob) -> SafeString:
        """The student's private photo beside what became of it."""
        url = _photo_url(job, "photo")
        result = job.webp.url if job.webp else _photo_url(job, "still")
        sides = (
            (gettext("photo (private)"), picture(url, size=256) if url else gettext("deleted")),
            (
                gettext("portrait") if job.webp else gettext("cropped photo (private)"),
                picture(result, size=256) if result else gettext("deleted"),
            ),
        )
        figures = format_html_join("", "<figure>{1}<figcaption>{0}</figcaption></figure>", sides)
        return format_html('<div class="school-comparison">{}</div>', figures)

    @admin.display(description=_("seconds per stage"))
    def stages(self, job: PortraitJob) -> SafeString | str:
        total = sum(job.timings.values())
        if not total:
            return EMPTY
        rows = format_html_join(
            "",
            '<tr><th scope="row">{}</th><td>{}</td><td><meter max="1" value="{}"></meter></td></tr>',
            ((stage, f"{seconds:.2f}", f"{seconds / total:.3f}") for stage, seconds in job.timings.items()),
        )
        return format_html('<table class="school-stages">{}</table>', rows)

    @admin.display(description=_("files"))
    def files(self, job: PortraitJob) -> SafeString | str:
        files = [(file.url, field) for field in job.RESULTS if (file := getattr(job, field))]
        return format_html_join(" · ", '<a href="{}">{}</a>', files) or EMPTY

    # --- the private photo ---------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.photo_view)
        photos = [
            path(f"<int:job_id>/{field}/", view, {"field": field}, name=f"portrait_portraitjob_{field}")
            for field in PortraitJob.PHOTOS
        ]
        return [*photos, *super().get_urls()]

    def photo_view(self, request: HttpRequest, job_id: int, field: str) -> HttpResponseBase:
        """The student's photo, whole or cropped, for staff who may see the job; ``admin_view`` forbids caching."""
        job = self.get_object(request, str(job_id))
        if job is None or not self.has_view_permission(request, job) or not getattr(job, field):
            raise Http404
        try:
            photo = media().read(str(getattr(job, field).name))
        except FileNotFoundError:
            raise Http404 from None
        return HttpResponse(photo, content_type="image/jpeg")

    # --- retry and cancel ----------------------------------------------------------------------------------------

    @admin.action(description=_("Try the selected jobs again"), permissions=["change"])
    def retry_jobs(self, request: HttpRequest, queryset: QuerySet[PortraitJob]) -> None:
        self._each(request, list(queryset), services.retry_job, "retry")

    @admin.action(description=_("Cancel the selected jobs"), permissions=["change"])
    def cancel_jobs(self, request: HttpRequest, queryset: QuerySet[PortraitJob]) -> None:
        self._each(request, list(queryset), services.cancel_job, "cancel")

    def _each(
        self, request: HttpRequest, jobs: list[PortraitJob], act: Callable[[PortraitJob], None], what: str
    ) -> None:
        """Do it to every job that allows it, say how many did, and why the others did not."""
        done = 0
        refused: dict[str, list[str]] = {}
        for job in jobs:
            try:
                act(job)
            except PortraitProblem as problem:
                refused.setdefault(str(problem.detail), []).append(f"#{job.pk}")
            else:
                done += 1
                self.log_change(request, job, what)
        if done:
            text = (
                ngettext("%(count)s job waits again.", "%(count)s jobs wait again.", done)
                if what == "retry"
                else ngettext("%(count)s job was cancelled.", "%(count)s jobs were cancelled.", done)
            )
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        for reason, numbers in refused.items():
            self.message_user(request, f"{', '.join(numbers)}: {reason}", messages.WARNING)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page, with its two buttons; they come back here as a POST."""
        job = self.get_object(request, unquote(object_id))
        may_change = job is not None and self.has_change_permission(request, job)
        if job is not None and may_change and request.method == "POST":
            if "_retry" in request.POST:
                self._each(request, [job], services.retry_job, "retry")
            elif "_cancel" in request.POST:
                self._each(request, [job], services.cancel_job, "cancel")
            return HttpResponseRedirect(request.get_full_path())
        buttons = {
            "can_retry": job is not None and may_change and job.state in (State.FAILED, State.CANCELLED),
            "can_cancel": job is not None and may_change and job.active,
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **buttons})


@admin.register(PortraitWorker)
class PortraitWorkerAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "is_alive",
        "processes",
        "paused",
        "mean_seconds",
        "started_at",
        "seen_at",
        "fault",
    )
    search_fields = ("name", "host", "fault")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PortraitWorker]:
        return super().get_queryset(request).annotate(now=Now())

    def has_change_permission(self, request: HttpRequest, obj: PortraitWorker | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PortraitWorker | None = None) -> bool:
        # Workers sign off by themselves, and who died is forgotten after an hour.
        return False

    @admin.display(description=_("alive"), boolean=True)
    def is_alive(self, worker: PortraitWorker) -> bool:
        age: timedelta = worker.now - worker.seen_at  # type: ignore[attr-defined]
        return abs(age) < timedelta(seconds=PortraitWorker.SILENT)

    @admin.display(description=_("seconds per portrait"), ordering="seconds_per_job")
    def mean_seconds(self, worker: PortraitWorker) -> str:
        return EMPTY if worker.seconds_per_job is None else f"{worker.seconds_per_job:.1f}"
