"""Own paintings in the admin: upload one, watch its style being fitted, see it on the astronaut, publish it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.admin import EMPTY, ChangedFieldsOnly, badge, picture
from portrait import choices, own_styles, painting_services
from portrait.admin_parts import QueuedWorkColumns, error_text
from portrait.engine.errors import CheckpointError, PhotoError
from portrait.engine.photo.decoding import MAX_BYTES
from portrait.models import OwnPainting
from portrait.problems import describe

State = OwnPainting.State
TAKEN = _("There is a style of that name already.")
# Content types of the pictures in a row; also their addresses.
PICTURES = {
    "picture": "image/jpeg",
    "portrait": "image/png",
    "preview": "image/webp",
    "preview_still": "image/jpeg",
}
# Seconds after which the page of a painting that waits or runs is loaded again.
RELOAD = 5


class PaintingForm(forms.ModelForm):
    """A new painting; ``prepared`` is its picture as it is stored."""

    upload = forms.FileField(
        label=_("Picture of the painting"),
        help_text=_(
            "A JPEG, PNG, WebP, HEIC or AVIF file, best of 1000 pixels or more. You need the right to use it."
        ),
    )
    prepared: bytes

    class Meta:
        model = OwnPainting
        fields = ("slug", "titles")

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug in {style.name for style in choices.styles()}:
            raise ValidationError(TAKEN, code="style_exists")
        return slug

    def clean_upload(self) -> Any:
        upload = self.cleaned_data["upload"]
        code = "photo_too_large" if upload.size > MAX_BYTES else ""
        if not code:
            try:
                self.prepared = painting_services.prepare_painting(upload.read())
            except PhotoError as error:
                code = error.code
        if code:
            raise ValidationError(describe(code), code=code)
        return upload


@admin.register(OwnPainting)
class OwnPaintingAdmin(QueuedWorkColumns, ChangedFieldsOnly):
    list_display = ("thumbnail", "title", "slug", "state_badge", "offered")
    list_display_links = ("thumbnail", "title")
    list_filter = ("state",)
    search_fields = ("slug", "titles")
    fieldsets: ClassVar[Any] = (
        (None, {"fields": ("slug", "titles", "comparison", "state_badge", "error", "offered")}),
        (_("Measured"), {"fields": ("measured", "worker", "attempts"), "classes": ("collapse",)}),
        (_("Dates"), {"fields": ("created_at", "queued_at", "started_at", "finished_at")}),
    )
    _shown = (
        "slug",
        "title",
        "comparison",
        "state_badge",
        "error",
        "offered",
        "measured",
        "worker",
        "attempts",
    )
    readonly_fields: ClassVar[Any] = (*_shown, "created_at", "queued_at", "started_at", "finished_at")

    # --- the list and the page -----------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[OwnPainting]:
        return super().get_queryset(request).defer(*OwnPainting.BLOBS)

    def get_form(
        self, request: HttpRequest, obj: OwnPainting | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        own = {} if change else {"form": PaintingForm}
        return super().get_form(request, obj, change, **own, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: OwnPainting | None = None) -> Any:
        if obj is None:
            return ((None, {"fields": ("upload", "slug", "titles")}),)
        if not obj.active:
            return self.fieldsets
        # The page of an active one is loaded again by itself, which would lose what is typed.
        (name, first), *others = self.fieldsets
        fields = tuple("title" if field == "titles" else field for field in first["fields"])
        return ((name, {"fields": fields}), *others)

    def get_readonly_fields(self, request: HttpRequest, obj: OwnPainting | None = None) -> Any:
        return () if obj is None else self.readonly_fields

    @admin.display(description=_("painting"))
    def thumbnail(self, painting: OwnPainting) -> SafeString | str:
        shown = "preview_still" if painting.version else "picture"
        return picture(_url(painting, shown), size=48, alt=str(painting))

    @admin.display(description=_("title"))
    def title(self, painting: OwnPainting) -> str:
        return str(painting)

    @admin.display(description=_("offered to all"), ordering="published_at")
    def offered(self, painting: OwnPainting) -> SafeString | str:
        if painting.version and painting.painter != _digest():
            return badge(gettext("made for other weights: fit it again"), "failed")
        if painting.published_at is None:
            return EMPTY
        since = f"{timezone.localtime(painting.published_at):%Y-%m-%d %H:%M}"
        return format_html("{} {}", badge(gettext("published"), "succeeded"), since)

    @admin.display(description=_("error"))
    def error(self, painting: OwnPainting) -> SafeString | str:
        return error_text(painting)

    @admin.display(description=_("painting and astronaut"))
    def comparison(self, painting: OwnPainting) -> SafeString:
        sides = [(gettext("painting"), picture(_url(painting, "picture"), size=240))]
        if painting.version:
            sides.append(
                (gettext("the astronaut in this style"), picture(_url(painting, "portrait"), size=240))
            )
            sides.append((gettext("as students see it"), picture(_url(painting, "preview"), size=112)))
        figures = format_html_join("", "<figure>{1}<figcaption>{0}</figcaption></figure>", sides)
        return format_html('<div class="school-comparison">{}</div>', figures)

    @admin.display(description=_("distances"))
    def measured(self, painting: OwnPainting) -> str:
        return ", ".join(f"{name} {value:.3f}" for name, value in painting.metrics.items()) or EMPTY

    # --- its pictures --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.picture_view, cacheable=True)
        pictures = [
            path(f"<int:pk>/{field}/", view, {"field": field}, name=f"portrait_ownpainting_{field}")
            for field in PICTURES
        ]
        return [*pictures, *super().get_urls()]

    def picture_view(self, request: HttpRequest, pk: int, field: str) -> HttpResponseBase:
        """One picture of the row, for staff who may see it."""
        painting = OwnPainting.objects.only("id", field).filter(pk=pk).first()
        if painting is None or not self.has_view_permission(request, painting):
            raise Http404
        data = getattr(painting, field)
        if data is None:
            raise Http404
        headers = {"Content-Type": PICTURES[field], "Cache-Control": "private, max-age=86400"}
        return HttpResponse(bytes(data), headers=headers)

    # --- adding, publishing, deleting ----------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: OwnPainting | None = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or painting_services.may_delete(obj))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except IntegrityError:
            # Somebody else took the name between the form's check and the row.
            self.message_user(request, TAKEN, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        if isinstance(obj, OwnPainting) and isinstance(form, PaintingForm):
            painting_services.add_painting(obj, form.prepared)
            return
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: OwnPainting, post_url_continue: str | None = None
    ) -> HttpResponse:
        self.message_user(request, _("The painting is stored; its style is being fitted."), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:portrait_ownpainting_change", args=(obj.pk,)))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page, with its buttons; they come back here as a POST."""
        painting = self.get_object(request, unquote(object_id)) if object_id else None
        may_change = painting is not None and self.has_change_permission(request, painting)
        if painting is not None and may_change and request.method == "POST":
            acts: dict[str, Callable[[OwnPainting], bool]] = {
                "publish": painting_services.publish,
                "unpublish": painting_services.unpublish,
                "fit": painting_services.fit_again,
            }
            for name, act in acts.items():
                if f"_{name}" in request.POST:
                    self._act(request, painting, name, act)
                    return HttpResponseRedirect(request.get_full_path())
        fits = painting is not None and bool(painting.version) and painting.painter == _digest()
        buttons = {
            "show_save": painting is None or not painting.active,
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
            "can_publish": may_change and fits and painting is not None and painting.published_at is None,
            "can_unpublish": may_change and painting is not None and painting.published_at is not None,
            "can_fit": may_change and painting is not None and not painting.active,
        }
        response = super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **buttons})
        if painting is not None and painting.active and request.method == "GET":
            response["Refresh"] = str(RELOAD)
        return response

    def _act(
        self, request: HttpRequest, painting: OwnPainting, name: str, act: Callable[[OwnPainting], bool]
    ) -> None:
        try:
            done = act(painting)
        except CheckpointError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return
        if done:
            self.log_change(request, painting, name)
            self.message_user(request, _("Done."), messages.SUCCESS)
        else:
            self.message_user(request, _("Nothing to do: somebody else was faster."), messages.WARNING)


def _url(painting: OwnPainting, field: str) -> str:
    """The admin's own address of one of ``PICTURES``; another version has another address."""
    version = painting.version if field != "picture" else ""
    address = reverse(f"admin:portrait_ownpainting_{field}", args=(painting.pk,))
    return f"{address}?v={version}" if version else address


def _digest() -> str:
    try:
        return own_styles.digest()
    except CheckpointError:
        return ""
