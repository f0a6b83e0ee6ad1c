"""Houses with their crests, and the sorting questions with their answers."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from common.admin import (
    ChangedFieldsOnly,
    ReadOnlyAdmin,
    picture,
    text_columns,
    text_lookups,
    without_pencils,
)
from common.texts import TextsWidget
from dormitory import house_cards
from dormitory.models import Answer, CardShare, House, Question
from dormitory.shares import address
from user.models import User


class HouseForm(forms.ModelForm):
    class Meta:
        model = House
        fields = ("name", "names", "texts", "colour", "symbol", "crest")
        widgets = {
            "names": TextsWidget(rows=1, cols=40),
            "texts": TextsWidget(rows=3, cols=80),
            "colour": forms.TextInput(attrs={"type": "color"}),
        }


@admin.register(House)
class HouseAdmin(ChangedFieldsOnly):
    form = HouseForm
    list_display = ("small_crest", "name", "local_name", "swatch", "members", "text")
    list_display_links = ("small_crest", "name")
    search_fields = ("name", *text_lookups("names"), *text_lookups())
    readonly_fields = ("large_crest", "cards")
    fields = ("large_crest", "name", "names", "texts", "colour", "symbol", "crest", "cards")

    def get_queryset(self, request: HttpRequest) -> QuerySet[House]:
        counts = User.objects.filter(house=OuterRef("pk")).order_by().values("house").annotate(n=Count("pk"))
        members = Coalesce(Subquery(counts.values("n")), 0, output_field=IntegerField())
        return super().get_queryset(request).annotate(member_count=members)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.cards_file)
        own = path("<int:house_id>/cards.<str:kind>", view, name="dormitory_house_cards")
        return [own, *super().get_urls()]

    def cards_file(self, request: HttpRequest, house_id: int, kind: str) -> HttpResponseBase:
        """All cards of the house as ``pdf`` or ``zip``, for staff who may see houses and students."""
        if not (self.has_view_permission(request) and sees_students(request)):
            raise PermissionDenied
        house = House.objects.filter(pk=house_id).first()
        if house is None or kind not in house_cards.WRITERS:
            raise Http404
        content_type, write = house_cards.WRITERS[kind]
        return StreamingHttpResponse(
            write(house, house_cards.members(house)),
            content_type=content_type,
            headers={
                "Content-Disposition": content_disposition_header(True, f"{house.name}.{kind}"),
                "Cache-Control": "no-store",
            },
        )

    def get_fields(self, request: HttpRequest, obj: House | None = None) -> Any:
        fields = super().get_fields(request, obj)
        return [name for name in fields if name != "cards" or (obj and sees_students(request))]

    @admin.display(description=_("student cards"))
    def cards(self, house: House) -> SafeString:
        """Links to the files; drawing hundreds of cards takes minutes."""
        labels = {"pdf": _("PDF to print"), "zip": _("ZIP of pictures")}
        links = [
            (reverse("admin:dormitory_house_cards", args=[house.pk, kind]), label)
            for kind, label in labels.items()
        ]
        return format_html_join(" · ", '<a href="{}">{}</a>', links)

    @admin.display(description=_("crest"))
    def small_crest(self, house: House) -> SafeString | str:
        return picture(house.logo, size=48, alt=house.name)

    @admin.display(description=_("crest"))
    def large_crest(self, house: House) -> SafeString | str:
        return picture(house.logo, size=160, alt=house.name)

    @admin.display(description=_("colour"))
    def swatch(self, house: House) -> SafeString:
        # An attribute of a drawing: the admin's policy allows no inline style.
        drawing = '<svg class="school-swatch" viewBox="0 0 1 1"><rect width="1" height="1" fill="{}"/></svg>'
        return format_html(drawing, house.colour)

    @admin.display(description=_("students"), ordering="member_count")
    def members(self, house: Any) -> int:
        count: int = house.member_count
        return count

    @admin.display(description=_("name in your language"))
    def local_name(self, house: House) -> str:
        return house.local_name

    @admin.display(description=_("description"))
    def text(self, house: House) -> str:
        return house.text


def sees_students(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("user.view_user"))


class AnswerFormSet(forms.BaseInlineFormSet):
    """Queries the houses once instead of once for each answer."""

    @cached_property
    def houses(self) -> list[Any]:
        field: Any = self.form.base_fields["house"]
        return list(field.choices)

    def add_fields(self, form: forms.ModelForm[Answer], index: int | None) -> None:
        super().add_fields(form, index)
        if isinstance(field := form.fields.get("house"), forms.ModelChoiceField):
            field.choices = self.houses


class AnswerInline(admin.TabularInline):
    model = Answer
    formset = AnswerFormSet
    extra = 0
    fields = ("position", "texts", "house")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field: Any = super().formfield_for_dbfield(db_field, request, **kwargs)
        return without_pencils(field) if db_field.name == "house" else field


@admin.register(Question)
class QuestionAdmin(ChangedFieldsOnly):
    list_display = (*text_columns(), "position", "active", "answers")
    list_editable = ("position", "active")
    list_filter = ("active",)
    search_fields = (*text_lookups(), *text_lookups("answers__texts"))
    inlines = (AnswerInline,)
    fields = ("texts", "position", "active")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Question]:
        counts = (
            Answer.objects.filter(question=OuterRef("pk"))
            .order_by()
            .values("question")
            .annotate(n=Count("pk"))
        )
        answers = Coalesce(Subquery(counts.values("n")), 0, output_field=IntegerField())
        return super().get_queryset(request).annotate(answer_count=answers)

    @admin.display(description=_("answers"), ordering="answer_count")
    def answers(self, question: Any) -> int:
        count: int = question.answer_count
        return count


@admin.register(CardShare)
class CardShareAdmin(ReadOnlyAdmin):
    """The publicly shared cards. Deleting a row ends the sharing."""

    list_display = ("student", "page", "created")
    list_select_related = ("student",)
    list_filter = ("created",)
    search_fields = ("student__username", "student__fullname")
    fields = ("student", "page", "created")
    readonly_fields = fields

    @admin.display(description=_("public page"))
    def page(self, share: CardShare) -> SafeString:
        return format_html('<a href="{}" rel="noreferrer">{}</a>', address(share), _("open"))
