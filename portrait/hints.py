"""The hints about a photo that will look poor: a translated sentence for students by stable code."""

from __future__ import annotations

from typing import Any, TypedDict

from django.utils.translation import gettext_lazy as _

from portrait.engine.photo.hints import FACE_SMALL, FACE_TURNED_AWAY, PHOTO_BLURRED, PHOTO_DARK

MESSAGES: dict[str, Any] = {
    FACE_SMALL: _(
        "The face is small in the photo, so the portrait will be soft. A closer photo looks better."
    ),
    PHOTO_DARK: _("The face is dark. A photo with more light looks better."),
    PHOTO_BLURRED: _("The face is blurred. A sharper photo looks better."),
    FACE_TURNED_AWAY: _("The face is turned away. A photo that looks into the camera moves better."),
}


class Hint(TypedDict):
    code: str
    message: str


def described(codes: tuple[str, ...]) -> list[Hint]:
    """The hints in the active language."""
    return [Hint(code=code, message=str(MESSAGES[code])) for code in codes if code in MESSAGES]
