"""Students in the admin: the record, the password, the permissions of staff."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
    UserChangeForm,
)
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from common.admin import ChangedFieldsOnly, picture, without_pencils
from common.fields import origin
from user import recovery
from user.class_admin import SchoolClassAdmin
from user.csv_admin import CsvAdmin
from user.models import SchoolClass, User
from user.name_fields import UsernameFormField
from user.name_rules import check_fullname, check_username
from user.services import delete_student

# Their pages show whole refresh tokens, each of which gives access to the account for two weeks.
admin.site.unregister(OutstandingToken)
admin.site.unregister(BlacklistedToken)

admin.site.register(SchoolClass, SchoolClassAdmin)

# Only superusers grant these; otherwise staff who may edit students could grant them to themselves.
POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


class NewNamesChecked(forms.ModelForm):
    """The rules of new names; an account that was made before them can be edited without changing its name."""

    def clean(self) -> Any:
        data = super().clean()
        for field, check in (("username", check_username), ("fullname", check_fullname)):
            if field in self.changed_data and field in self.cleaned_data:
                try:
                    check(self.cleaned_data[field])
                except ValidationError as error:
                    self.add_error(field, error)
        return data


class NewStudentForm(NewNamesChecked, AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("username", "fullname")
        field_classes = {"username": UsernameFormField}


class StudentForm(NewNamesChecked, UserChangeForm):
    class Meta:
        model = User
        fields = (
            "username",
            "fullname",
            "email",
            "house",
            "school_class",
            "birthday",
            "join_date",
            "is_active",
            *POWERS,
        )
        field_classes = {"username": UsernameFormField}


class NewPasswordForm(AdminPasswordChangeForm):
    def set_password_and_save(self, user: User, *args: Any, **kwargs: Any) -> User:
        """As the base class, but the password alone is written: a worker may be writing the portrait."""
        super().set_password_and_save(user, *args, **{**kwargs, "commit": False})  # type: ignore[misc]
        user.token_version = User.next_token_version()
        user.save(update_fields=["password", "token_version"])
        return user


@admin.register(User)
class StudentAdmin(CsvAdmin, ChangedFieldsOnly, UserAdmin):
    form = StudentForm
    add_form = NewStudentForm
    change_password_form = NewPasswordForm
    list_display = (
        "thumbnail",
        "username",
        "fullname",
        "house",
        "student_number",
        "join_date",
        "is_active",
        "is_staff",
    )
    list_display_links = ("thumbnail", "username")
    list_filter = ("house", "school_class", "is_active", "is_staff", "join_date")
    list_select_related = ("house",)
    list_per_page = 50
    search_fields = ("username", "fullname", "student_number")
    search_help_text = _("Username, full name or student number")
    ordering = ("-id",)
    autocomplete_fields = ("house", "school_class", "groups")
    actions = ("hand_out_links", "download")
    filter_horizontal = ("user_permissions",)
    readonly_fields: ClassVar[Any] = ("large_picture", "student_number", "last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("large_picture", "username", "fullname", "email", "password")}),
        (_("Record"), {"fields": ("house", "school_class", "birthday", "join_date", "student_number")}),
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

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, *POWERS)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        return without_pencils(field) if db_field.name in ("house", "school_class") else field

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

    @admin.action(permissions=["change"], description=_("Make links for a new password"))
    def hand_out_links(self, request: HttpRequest, students: QuerySet[User]) -> HttpResponse:
        """A page with a link for each student that may be touched and has not been closed."""
        links = []
        for student in students:
            if student.is_active and self._may_touch(request, student):
                links.append((student, recovery.link_for(student, origin(request))))
                self.log_change(request, student, gettext("Made a link for a new password."))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Links for a new password"),
            "links": links,
        }
        return TemplateResponse(request, "admin/user/user/recovery_links.html", context)

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
