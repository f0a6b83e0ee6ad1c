"""What a rule saw, in words that a person can check against the picture. They name no feeling and no trait."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from dormitory.look.rules import Seen

# By feature and side: -1 the picture's left, 1 its right, 0 where there is no side.
_WORDS: dict[tuple[str, int], Any] = {
    ("tilt", -1): _("your head leans to the left of the picture"),
    ("tilt", 1): _("your head leans to the right of the picture"),
    ("gaze", -1): _("your eyes look to the left of the picture"),
    ("gaze", 1): _("your eyes look to the right of the picture"),
    ("smile", 0): _("the corners of your mouth are raised"),
    ("brows", 0): _("your brows are raised"),
    ("eyes", 0): _("your eyes are wide open"),
    ("clothes_red", 0): _("red in your clothes"),
    ("clothes_yellow", 0): _("yellow in your clothes"),
    ("clothes_green", 0): _("green in your clothes"),
    ("clothes_blue", 0): _("blue in your clothes"),
    ("behind_red", 0): _("red behind you"),
    ("behind_yellow", 0): _("yellow behind you"),
    ("behind_green", 0): _("green behind you"),
    ("behind_blue", 0): _("blue behind you"),
}


def in_words(one: Seen) -> str:
    """The words in the active language."""
    return str(_WORDS[one.feature, one.side])
