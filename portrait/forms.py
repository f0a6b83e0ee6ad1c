"""The choices of a form, checked all at once: a refusal names each field that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import status
from rest_framework.exceptions import ErrorDetail, ValidationError

from portrait import choices
from portrait.engine.errors import ChoiceError, EngineError
from portrait.engine.photo.choice import BAD_BOX, BAD_FACE, LARGEST, FaceChoice
from portrait.engine.request import RULES, PortraitRequest
from portrait.problems import PortraitProblem, describe

# The codes of wrong fields by their names.
Faults = dict[str, str]


def read_request(values: Mapping[str, Any], faults: Faults) -> PortraitRequest:
    """The request of a form whose values are texts, or of JSON; a field that is wrong is added to ``faults``.

    Raises PortraitProblem (503) ``catalogue_unavailable``.
    """
    found: dict[str, Any] = {}
    for name, rule in RULES.items():
        value = values.get(name)
        try:
            value = rule.parse(name, value) if isinstance(value, str) else value
            # Of the one field, the dataclass knows the rule.
            request = PortraitRequest(**{name: value})
            choices.check_names(request)
        except ChoiceError as error:
            faults[name] = error.code
        except EngineError as error:
            raise PortraitProblem("catalogue_unavailable", status.HTTP_503_SERVICE_UNAVAILABLE) from error
        else:
            found[name] = value
    return PortraitRequest(**found)


def read_choice(values: Mapping[str, Any], faults: Faults) -> FaceChoice:
    """The face that a form or JSON chooses; what is wrong is added to ``faults``."""
    face, box = (values.get(name) for name in ("face", "box"))
    try:
        return FaceChoice.from_text("" if face is None else str(face), box or "")
    except ChoiceError as error:
        faults[field_of(error.code)] = error.code
        return LARGEST


def read_look(value: str, faults: Faults) -> bool:
    """Whether the student wants the picture to be read for the sorting; what is wrong is added to ``faults``."""
    if value not in ("", "true", "false"):
        faults["look"] = "bad_look"
    return value == "true"


def field_of(code: str) -> str:
    """The field of an upload that a fault of the photo or of its face belongs to."""
    return {BAD_FACE: "face", BAD_BOX: "box"}.get(code, "pic")


def refuse(faults: Faults, others: Mapping[str, Any] | None = None) -> None:
    """Raise what is wrong: one fault as a problem of its own, several as those of a form.

    ``others`` are faults that a serializer found.
    """
    if len(faults) == 1 and not others:
        raise PortraitProblem(next(iter(faults.values())))
    if faults or others:
        ours = {field: [ErrorDetail(describe(code), code)] for field, code in faults.items()}
        raise ValidationError({**ours, **(others or {})})
