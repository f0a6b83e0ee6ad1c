"""CSV of students in the admin: upload makes accounts with links for their passwords, an action downloads."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.fields import origin
from user import recovery, services, student_csv
from user.models import User


class FileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_(
            "The first line names the columns: username and fullname, and if you like email and class. A class that"
            " does not exist is made."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )


class CsvAdmin(admin.ModelAdmin):
    """The two pages, for the admin of students."""

    change_list_template = "admin/user/user/students.html"

    def get_urls(self) -> list[URLPattern]:
        own = path("import/", self.admin_site.admin_view(self.import_page), name="user_user_import")
        return [own, *super().get_urls()]

    def import_page(self, request: HttpRequest) -> HttpResponse:
        """The form; the faults of a refused file by line; or links for the new accounts. All rows or none."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = FileForm(request.POST or None, request.FILES or None)
        faults: list[student_csv.RowFault] = []
        if request.method == "POST" and form.is_valid():
            try:
                found, faults = student_csv.read(form.cleaned_data["file"].read(student_csv.MAX_BYTES + 1))
            except student_csv.FileFault as fault:
                form.add_error("file", str(fault))
            else:
                if not faults:
                    return self._imported(request, services.import_students(found))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import students"),
            "opts": self.opts,
            "form": form,
            "faults": faults,
        }
        return TemplateResponse(request, "admin/user/user/import.html", context)

    def _imported(self, request: HttpRequest, students: list[User]) -> HttpResponse:
        for student in students:
            self.log_addition(request, student, gettext("Imported from a file."))
        site = origin(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Links for a new password"),
            "links": [(student, recovery.link_for(student, site)) for student in students],
        }
        return TemplateResponse(request, "admin/user/user/recovery_links.html", context)

    @admin.action(permissions=["view"], description=_("Download the selected students as CSV"))
    def download(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        students = queryset.select_related("house", "school_class").order_by("house_id", "fullname", "pk")
        return StreamingHttpResponse(
            student_csv.written(students.iterator(chunk_size=500)),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": 'attachment; filename="students.csv"',
                "Cache-Control": "no-store",
            },
        )
