"""The errors of portraits: a translated sentence for students by stable code.

The API's answers and the ``error`` of a job use the same codes. The texts of exceptions are not shown: they are
English and meant for developers.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import status

from common.problems import Problem
from portrait.engine.photo.decoding import (
    MAX_ASPECT,
    MAX_BYTES,
    MAX_PIXELS,
    MAX_PIXELS_UNSCALED,
    MAX_SIDE,
    MIN_SIDE,
)

_LIMITS = {
    "megabytes": f"{MAX_BYTES / 2**20:g}",
    "megapixels": f"{MAX_PIXELS / 1e6:g}",
    "other_megapixels": f"{MAX_PIXELS_UNSCALED / 1e6:g}",
    "min_side": str(MIN_SIDE),
    "max_side": str(MAX_SIDE),
    "aspect": f"{MAX_ASPECT:g}",
}

MESSAGES: dict[str, Any] = {
    # The upload.
    "multipart_required": _("Send the photo as a form (multipart/form-data) with one file called pic."),
    "photo_required": _("The photo is missing: send one file called pic."),
    "one_photo_only": _("Send exactly one photo."),
    "photo_empty": _("The file is empty."),
    "photo_too_large": _("The file is larger than %(megabytes)s MB."),
    "photo_unsupported_format": _(
        "We cannot read this kind of file. Send a JPEG, PNG, WebP, HEIC or AVIF photo."
    ),
    "photo_unreadable": _("The picture is damaged or incomplete. Please send it again."),
    "photo_too_many_pixels": _(
        "The picture is too big: at most %(megapixels)s million pixels as a JPEG, %(other_megapixels)s million "
        "in other formats, and %(max_side)s pixels a side."
    ),
    "photo_too_small": _("The picture is too small: each side needs at least %(min_side)s pixels."),
    "painting_too_small": _("The picture of a painting needs at least 256 pixels a side."),
    "photo_too_elongated": _("The picture is more than %(aspect)s times as long as it is wide."),
    "unknown_style": _("There is no such painting style."),
    "style_unusable": _("This painting style is no longer available. Please choose another one."),
    "unknown_motion": _("There is no such motion."),
    "unknown_order": _("There is no such order of animating and painting."),
    "bad_seed": _("The seed must be a whole number from 0 to 2147483647."),
    "bad_strength": _("The strength must be a number from 0.5 to 1.5."),
    "bad_size": _("The size must be one of 256, 384, 512, 640 and 768 pixels."),
    "bad_face": _("There is no face with that number in the photo."),
    "bad_box": _("The box must be three numbers, x,y,side, and lie in the photo."),
    "bad_look": _("The field look must be true or false."),
    # A clip.
    "clip_required": _("Send one film called clip, as a form (multipart/form-data)."),
    "clip_too_large": _("The film is larger than 10 MB. A few seconds are enough."),
    "clip_unsupported": _("We cannot read this kind of film. Send an MP4 or WebM file."),
    "clip_unreadable": _("The film is damaged, or it shows too little of the face. Please record it again."),
    "clip_too_short": _("The film is too short: record about three seconds."),
    "clip_too_long": _("The film is too long: record about three seconds."),
    "clip_without_face": _("No face was found in the film. Look into the camera while you record."),
    "several_faces": _("Several faces are in the film. Record it with nobody else in the picture."),
    "clip_cut": _("The film is cut. Record it in one piece, with the camera held still."),
    # The job.
    "no_face": _("No face was found in the photo. Please take one that shows your face from the front."),
    "photo_missing": _("The photo is no longer there. Please send it again."),
    "deadline_exceeded": _("Making the portrait took too long. Please try again."),
    "child_killed": _(
        "The portrait could not be made: the painter broke off several times. Please try again later."
    ),
    "worker_lost": _(
        "The portrait could not be made: the painter broke off several times. Please try again later."
    ),
    "out_of_memory": _("The portrait could not be made: the machine is too busy. Please try again later."),
    "storage_unavailable": _("The pictures cannot be stored at the moment. Please try again later."),
    # Retry and cancel.
    "nothing_to_retry": _("There is no failed or cancelled portrait to try again."),
    "nothing_to_cancel": _("No portrait is being made at the moment."),
    # Another one, and back to one before.
    "portrait_not_found": _("There is no such portrait any more."),
    "address_expired": _("This address has expired. Ask for a new one."),
    "portrait_active": _("A portrait is being made. Wait for it, or cancel it first."),
    "catalogue_unavailable": _("The styles and motions cannot be listed at the moment."),
}
_OTHER = _("The portrait could not be made because of a fault on our side. Please try again later.")


def describe(code: str) -> str:
    """The sentence for ``code`` in the active language; a general one for a code without a sentence."""
    return str(MESSAGES.get(code, _OTHER)) % _LIMITS


class PortraitProblem(Problem):
    """A refusal with a ``code`` of :data:`MESSAGES`."""

    def __init__(self, code: str, status_code: int = status.HTTP_400_BAD_REQUEST) -> None:
        super().__init__(code, describe(code), status_code)
