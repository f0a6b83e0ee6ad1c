"""Students in the admin: the record with the portrait that moves, the password, the permissions of staff."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    UserChangeForm,
    UsernameField,
)
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from common.admin import EMPTY, ChangedFieldsOnly, badge, picture, without_pencils
from user.models import User
from user.services import delete_student

# Their pages show whole refresh tokens: whoever reads one can be that student for two weeks.
admin.site.unregister(OutstandingToken)
admin.site.unregister(BlacklistedToken)

# What makes somebody staff is given by superusers alone; else whoever may edit students could make themself one.
POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")
JOBS_SHOWN = 5


def portrait_jobs() -> Any:
    """The portrait jobs, by name: this room knows nothing of portraits but that its records have them."""
    return apps.get_model("portrait", "PortraitJob")


class NewStudentForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "fullname")
        field_classes = {"username": UsernameField}


class StudentForm(UserChangeForm):
    class Meta:
        model = User
        fields = ("username", "fullname", "house", "birthday", "join_date", "is_active", *POWERS)


class NewPasswordForm(AdminPasswordChangeForm):
    def set_password_and_save(self, user: User, *args: Any, **kwargs: Any) -> User:
        """As the base class, but the password alone is written: a worker may be writing the portrait."""
        super().set_password_and_save(user, *args, **{**kwargs, "commit": False})  # type: ignore[misc]
        user.save(update_fields=["password"])
        return user


class PortraitFilter(admin.SimpleListFilter):
    """By the state of the newest portrait job."""

    title = _("portrait")
    parameter_name = "portrait"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("none", _("no photo yet")), *portrait_jobs().State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == "none":
            return queryset.filter(job_state=None)
        return queryset.filter(job_state=value) if value else queryset


@admin.register(User)
class StudentAdmin(ChangedFieldsOnly, UserAdmin):
    form = StudentForm
    add_form = NewStudentForm
    change_password_form = NewPasswordForm
    list_display = (
        "thumbnail",
        "username",
        "fullname",
        "house",
        "portrait_state",
        "student_number",
        "join_date",
        "is_active",
        "is_staff",
    )
    list_display_links = ("thumbnail", "username")
    list_filter = ("house", PortraitFilter, "is_active", "is_staff", "join_date")
    list_select_related = ("house",)
    list_per_page = 50
    search_fields = ("username", "fullname", "student_number")
    search_help_text = _("Username, full name or student number")
    ordering = ("-id",)
    autocomplete_fields = ("house", "groups")
    filter_horizontal = ("user_permissions",)
    readonly_fields = ("large_picture", "latest_jobs", "student_number", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("large_picture", "username", "fullname", "password")}),
        (_("Record"), {"fields": ("house", "birthday", "join_date", "student_number")}),
        (_("Portraits"), {"fields": ("latest_jobs",)}),
        (_("Permissions"), {"fields": ("is_active", *POWERS), "classes": ("collapse",)}),
        (_("Dates"), {"fields": ("date_joined", "last_login"), "classes": ("collapse",)}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("username", "fullname", "usable_password", "password1", "password2"),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        newest = portrait_jobs().objects.filter(student=OuterRef("pk")).order_by("-id")
        return (
            super()
            .get_queryset(request)
            .annotate(
                job_state=Subquery(newest.values("state")[:1]), job_id=Subquery(newest.values("pk")[:1])
            )
        )

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, *POWERS)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        return without_pencils(field) if db_field.name == "house" else field

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    def _may_touch(self, request: HttpRequest, obj: User | None) -> bool:
        # A new password for a colleague would be a way to the colleague's permissions.
        return bool(
            request.user.is_superuser
            or obj is None
            or obj.pk == request.user.pk
            or not (obj.is_staff or obj.is_superuser)
        )

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        delete_student(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for student in queryset:
            delete_student(student)

    @admin.display(description=_("portrait"))
    def thumbnail(self, student: User) -> SafeString | str:
        return picture(student.picture, size=48, alt=student.fullname)

    @admin.display(description=_("portrait"))
    def large_picture(self, student: User) -> SafeString | str:
        return picture(student.picture, size=192, alt=student.fullname)

    @admin.display(description=_("portrait job"), ordering=F("job_state"))
    def portrait_state(self, student: Any) -> SafeString | str:
        if student.job_state is None:
            return EMPTY
        label = badge(portrait_jobs().State(student.job_state).label, student.job_state)
        return format_html('<a href="{}">{}</a>', _job_url(student.job_id), label)

    @admin.display(description=_("latest portrait jobs"))
    def latest_jobs(self, student: User) -> SafeString | str:
        jobs = portrait_jobs().objects.filter(student=student)[:JOBS_SHOWN]
        return (
            format_html_join(
                "",
                '<p class="school-job"><a href="{}">#{}</a> {} {} {}</p>',
                (
                    (
                        _job_url(job.pk),
                        job.pk,
                        badge(job.get_state_display(), job.state),
                        job.style,
                        job.error_code,
                    )
                    for job in jobs
                ),
            )
            or EMPTY
        )


def _job_url(job_id: int) -> str:
    return reverse("admin:portrait_portraitjob_change", args=(job_id,))
