"""The student admin of ``user``, extended by the state of the portrait jobs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from common.admin import EMPTY, badge
from portrait.models import PortraitJob
from user.admin import StudentAdmin
from user.models import User

JOBS_SHOWN = 5


class PortraitFilter(admin.SimpleListFilter):
    """By the state of the newest portrait job."""

    title = _("portrait")
    parameter_name = "portrait"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("no photo yet")), *PortraitJob.State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == "none":
            return queryset.filter(job_state=None)
        return queryset.filter(job_state=value) if value else queryset


def _after(items: tuple[Any, ...], place: int, *added: Any) -> tuple[Any, ...]:
    return (*items[:place], *added, *items[place:])


class StudentWithJobsAdmin(StudentAdmin):
    """``StudentAdmin`` with a column, a filter and a section for portrait jobs."""

    list_display = _after(StudentAdmin.list_display, 4, "portrait_state")
    list_filter = _after(StudentAdmin.list_filter, 1, PortraitFilter)
    readonly_fields: ClassVar[Any] = (*StudentAdmin.readonly_fields, "latest_jobs")
    fieldsets: ClassVar[Any] = _after(
        StudentAdmin.fieldsets, 2, (_("Portraits"), {"fields": ("latest_jobs",)})
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        newest = PortraitJob.objects.filter(student=OuterRef("pk")).order_by("-id")
        return (
            super()
            .get_queryset(request)
            .annotate(
                job_state=Subquery(newest.values("state")[:1]), job_id=Subquery(newest.values("pk")[:1])
            )
        )

    @admin.display(description=_("portrait job"), ordering=F("job_state"))
    def portrait_state(self, student: Any) -> SafeString | str:
        if student.job_state is None:
            return EMPTY
        label = badge(PortraitJob.State(student.job_state).label, student.job_state)
        return format_html('<a href="{}">{}</a>', _job_url(student.job_id), label)

    @admin.display(description=_("latest portrait jobs"))
    def latest_jobs(self, student: User) -> SafeString | str:
        jobs = PortraitJob.objects.filter(student=student)[:JOBS_SHOWN]
        rows = (
            (_job_url(job.pk), job.pk, badge(job.get_state_display(), job.state), job.style, job.error_code)
            for job in jobs
        )
        row = '<p class="school-job"><a href="{}">#{}</a> {} {} {}</p>'
        return format_html_join("", row, rows) or EMPTY


def _job_url(job_id: int) -> str:
    return reverse("admin:portrait_portraitjob_change", args=(job_id,))


admin.site.unregister(User)
admin.site.register(User, StudentWithJobsAdmin)
