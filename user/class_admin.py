"""Classes in the admin: a name, a join code, and who has signed up with it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from common.admin import ChangedFieldsOnly
from user.join_codes import new_code
from user.models import SchoolClass


class SchoolClassAdmin(ChangedFieldsOnly):
    list_display = ("name", "code", "open", "students", "created_at", "page")
    list_editable = ("open",)
    search_fields = ("name", "code")
    fields = ("name", "code", "open", "created_at")
    readonly_fields = ("code", "created_at")
    actions = ("renew",)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and db_field.name in self.list_editable:
            # In the list the box has no label of its own.
            field.widget.attrs["aria-label"] = field.label
        return field

    def get_queryset(self, request: HttpRequest) -> QuerySet[SchoolClass]:
        return super().get_queryset(request).annotate(student_count=Count("students"))

    @admin.display(description=_("students"), ordering="student_count")
    def students(self, school_class: Any) -> int:
        count: int = school_class.student_count
        return count

    @admin.display(description=_("page to sign up"))
    def page(self, school_class: SchoolClass) -> SafeString:
        return format_html('<a href="/#/sign-up/{}">{}</a>', school_class.code, _("open"))

    @admin.action(permissions=["change"], description=_("Give the selected classes new codes"))
    def renew(self, request: HttpRequest, queryset: QuerySet[SchoolClass]) -> None:
        """The old codes end at once; students who have signed up stay in the class."""
        classes = list(queryset)
        for school_class in classes:
            school_class.code = new_code()
            school_class.save(update_fields=["code"])
            self.log_change(request, school_class, [{"changed": {"fields": ["code"]}}])
        text = ngettext("%(count)s class has a new code.", "%(count)s classes have new codes.", len(classes))
        self.message_user(request, text % {"count": len(classes)}, messages.SUCCESS)
