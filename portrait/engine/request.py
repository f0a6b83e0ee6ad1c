"""What a portrait request says: one dataclass, passed whole from the upload to the engine.

Forms, serializers, command-line options and the job's columns are derived from its fields. Imports no torch.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from portrait.engine.errors import ChoiceError

ANIMATE_THEN_PAINT = "animate-then-paint"
PAINT_THEN_ANIMATE = "paint-then-animate"
PAINT_AND_CARRY = "paint-and-carry"
ORDERS = (PAINT_AND_CARRY, ANIMATE_THEN_PAINT, PAINT_THEN_ANIMATE)

# Sides of a portrait, in pixels. All are multiples of 128, as the parts of the picture that the motion model changes
# must be whole pixels of each.
SIZES = (256, 384, 512, 640, 768)
DEFAULT_SIZE = 512

# The name of the motion that the student performed; no template of the catalogue has it.
PERFORMED = "performed"

MIN_STRENGTH, MAX_STRENGTH = 0.5, 1.5
# The largest value of a signed 32-bit database column.
MAX_SEED = 2**31 - 1

_DECIMAL = re.compile(r"[0-9]{1,3}(\.[0-9]{1,10})?")
_WHOLE = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True)
class FieldRule:
    """How one field of a request is written and checked.

    ``code`` is the ChoiceError's for a value that breaks the rule. ``low`` and ``high`` are inclusive.
    ``choices`` is empty where the valid names depend on the weights; such a name is checked by the engine.
    """

    kind: type[str] | type[int] | type[float]
    code: str
    help: str
    label: str = ""  # in an error message, where the name alone is unclear
    max_length: int = 64
    choices: tuple[str, ...] | tuple[int, ...] = ()
    low: float | None = None
    high: float | None = None

    def check(self, name: str, value: Any) -> None:
        """Raises ChoiceError for a value, not None, that breaks the rule."""
        if self.choices and value not in self.choices:
            known = ", ".join(str(choice) for choice in self.choices)
            raise ChoiceError(f"there is no {name} {value!r}; choose one of {known}", code=self.code)
        # Written so that "not a number" fails as well.
        if self.low is not None and self.high is not None and not self.low <= value <= self.high:
            raise ChoiceError(
                f"the {self.label or name} is a number from {self.low:g} to {self.high:g}, not {value}",
                code=self.code,
            )

    def parse(self, name: str, text: str) -> Any:
        """The value that a form's text says; None for the empty text. Raises ChoiceError.

        Numbers are plain ASCII decimals: no sign, exponent, ``nan``, or digits of other scripts.
        """
        if not text:
            return None
        pattern = {int: _WHOLE, float: _DECIMAL}.get(self.kind)
        if pattern is not None and not pattern.fullmatch(text):
            raise ChoiceError(f"the {name} must be a plain number, not {text!r}", code=self.code)
        return self.kind(text)


def _rule(kind: type[str] | type[int] | type[float], code: str, text: str, **rest: Any) -> Any:
    return field(default=None, metadata={"rule": FieldRule(kind, code, text, **rest)})


@dataclass(frozen=True)
class PortraitRequest:
    """What may be chosen of a portrait. None means not chosen; an empty text is taken for None.

    Raises ChoiceError for a value that breaks its field's rule: ``unknown_order``, ``bad_seed``, ``bad_strength``,
    ``bad_size``.
    The names of styles and motions are checked by the engine, which knows the weights.
    """

    style: str | None = _rule(str, "unknown_style", "style of painting")
    motion: str | None = _rule(str, "unknown_motion", "what the face does")
    order: str | None = _rule(
        str, "unknown_order", "order of animating and painting", choices=ORDERS, max_length=24
    )
    seed: int | None = _rule(
        int, "bad_seed", "draws the style and motion that are not chosen", low=0, high=MAX_SEED
    )
    strength: float | None = _rule(
        float,
        "bad_strength",
        "how large the motion is",
        label="strength of a motion",
        low=MIN_STRENGTH,
        high=MAX_STRENGTH,
    )
    size: int | None = _rule(int, "bad_size", "side of the portrait in pixels", choices=SIZES)

    def __post_init__(self) -> None:
        for name, rule in RULES.items():
            value = getattr(self, name)
            if value == "":
                object.__setattr__(self, name, None)
            elif value is not None:
                rule.check(name, value)

    @classmethod
    def from_text(cls, values: Mapping[str, Any]) -> PortraitRequest:
        """The request of a form whose values are texts; other keys are ignored. Raises ChoiceError."""
        return cls(**{name: rule.parse(name, str(values.get(name, ""))) for name, rule in RULES.items()})

    def or_else(self, defaults: PortraitRequest) -> PortraitRequest:
        """This request, with ``defaults`` where nothing was chosen."""
        chosen = {name: value for name, value in asdict(self).items() if value is not None}
        return replace(defaults, **chosen)

    def seeded(self) -> PortraitRequest:
        """This request with a random seed where it has none."""
        return self if self.seed is not None else replace(self, seed=random.SystemRandom().getrandbits(31))


RULES: dict[str, FieldRule] = {item.name: item.metadata["rule"] for item in fields(PortraitRequest)}
# Where neither the student nor the installation chose.
DEFAULTS = PortraitRequest(order=PAINT_AND_CARRY, strength=1.0, size=DEFAULT_SIZE)
