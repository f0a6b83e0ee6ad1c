"""The shipped motions as specifications: a handful of curves for each, over one period of the loop.

Each curve starts and ends at rest with no speed, so that the loop has no seam and frame 0 is a face at rest.
"""

from __future__ import annotations

from dataclasses import dataclass

from portrait.motion_making.curves import FULL_BLINK, Curve, blink, pulse, syllables, together


@dataclass(frozen=True)
class MotionSpec:
    """One shipped template: its frames at ``fps`` and its curves by channel.

    Channels are the basis' drivers (in standard deviations), ``roll`` (radians, clockwise in the picture), and
    ``right``, ``down`` (in the keypoints' -1..1 units). A driver's name with ``_left`` or ``_right`` moves the
    keypoints of that side of the person alone: ``close_left`` is a wink.
    """

    name: str
    title: dict[str, str]
    frames: int
    fps: float
    curves: dict[str, Curve]


MOTION_SPECS = (
    MotionSpec(
        "breathing",
        {"en": "Breathing", "ko": "숨쉬기"},
        frames=60,
        fps=20,
        curves={
            "down": pulse(0.05, 1.2, 0.1, 1.5, -0.016),
            "nod": pulse(0.1, 1.3, 0.1, 1.4, -0.7),
            "turn": pulse(0.2, 1.2, 0.2, 1.3, 0.6),
            "close": blink(1.65),
        },
    ),
    MotionSpec(
        "look-around",
        {"en": "Looking around", "ko": "둘러보기"},
        frames=80,
        fps=20,
        curves={
            "turn": together(pulse(0.1, 0.8, 0.35, 0.9, -1.8), pulse(1.8, 0.9, 0.35, 0.85, 1.8)),
            "roll": together(pulse(0.1, 0.8, 0.35, 0.9, -0.02), pulse(1.8, 0.9, 0.35, 0.85, 0.02)),
            "nod": together(pulse(0.3, 0.8, 0.1, 0.9, 0.4), pulse(2.0, 0.8, 0.1, 0.9, 0.4)),
            "close": blink(1.6),
        },
    ),
    MotionSpec(
        "nod",
        {"en": "Nod", "ko": "끄덕임"},
        frames=70,
        fps=20,
        curves={
            "nod": together(
                pulse(0.05, 0.5, 0.0, 0.6, -0.8),
                pulse(0.55, 0.65, 0.1, 0.7, 2.6),
                pulse(2.0, 0.55, 0.0, 0.8, 1.2),
            ),
            "close": blink(0.75),
        },
    ),
    MotionSpec(
        "tilt",
        {"en": "Tilt of the head", "ko": "갸웃거림"},
        frames=76,
        fps=20,
        curves={
            "roll": pulse(0.1, 1.1, 0.8, 1.3, 0.07),
            "turn": pulse(0.2, 1.1, 0.7, 1.3, 0.8),
            "brows": pulse(0.5, 0.6, 0.6, 0.9, 1.0),
            "close": blink(1.9),
        },
    ),
    MotionSpec(
        "smile",
        {"en": "Smile", "ko": "미소"},
        frames=80,
        fps=20,
        curves={
            "lift": pulse(0.4, 0.8, 1.1, 1.1, 3.2),
            "widen": pulse(0.4, 0.8, 1.1, 1.1, 2.6),
            "roll": pulse(0.5, 1.1, 0.6, 1.3, -0.03),
            "nod": pulse(0.4, 1.1, 0.6, 1.4, 0.5),
            "close": together(pulse(0.5, 0.8, 1.0, 1.0, 0.8), blink(0.15), blink(2.75, FULL_BLINK * 0.97)),
        },
    ),
    MotionSpec(
        "proud-turn",
        {"en": "Proud turn of the head", "ko": "도도하게 고개 돌리기"},
        frames=80,
        fps=20,
        curves={
            # The chin goes up first and comes down last; between them the head turns slowly, and stays.
            "nod": pulse(0.05, 1.2, 1.3, 1.4, -1.4),
            "turn": pulse(0.25, 1.3, 0.9, 1.4, 2.3),
            "roll": pulse(0.3, 1.3, 0.8, 1.4, 0.025),
            "brows": pulse(0.9, 0.6, 0.9, 0.8, 0.9),
            # Lids a little heavy while the chin is up.
            "close": together(pulse(0.5, 0.9, 1.0, 0.5, 0.6), blink(2.6)),
        },
    ),
    MotionSpec(
        "talking",
        {"en": "Talking", "ko": "이야기하기"},
        frames=80,
        fps=20,
        curves={
            # Two phrases of four and five syllables, a breath between them and after them. A closed mouth that
            # opens shows thick lips and no teeth; up to 2, the openings of calm speech, it does not show.
            "open": syllables(
                (0.2, 0.4, 1.5),
                (0.5, 0.35, 0.9),
                (0.75, 0.45, 1.9),
                (1.15, 0.4, 1.1),
                (1.95, 0.4, 1.2),
                (2.25, 0.45, 2.0),
                (2.6, 0.35, 0.8),
                (2.85, 0.45, 1.6),
                (3.25, 0.4, 0.9),
            ),
            # Spread for an "ee", rounded for an "oo".
            "widen": syllables(
                (0.45, 0.5, 0.9), (1.05, 0.6, -1.1), (1.9, 0.5, -1.0), (2.5, 0.55, 1.0), (3.15, 0.55, -0.7)
            ),
            # The head marks the stressed syllables.
            "nod": syllables((0.1, 0.6, -0.4), (0.65, 0.8, 0.9), (2.1, 0.9, 1.0), (2.9, 0.9, 0.5)),
            "turn": together(pulse(0.1, 1.0, 0.4, 0.9, 0.6), pulse(1.9, 0.9, 0.2, 0.9, -0.6)),
            "roll": pulse(1.7, 0.9, 0.4, 0.9, 0.02),
            "brows": syllables((0.6, 0.8, 0.7), (2.1, 0.9, 0.8)),
            "close": blink(1.45),
        },
    ),
    MotionSpec(
        "wink",
        {"en": "Wink", "ko": "윙크"},
        frames=64,
        fps=20,
        curves={
            # One eye shuts, the cheek below it rises, and the head leans that way.
            "close_left": pulse(0.9, 0.18, 0.3, 0.35, FULL_BLINK),
            "lift_left": pulse(0.75, 0.4, 0.45, 0.7, 2.4),
            "lift": pulse(0.7, 0.6, 0.6, 0.9, 1.2),
            "widen": pulse(0.7, 0.6, 0.6, 0.9, 1.0),
            "roll": pulse(0.5, 0.6, 0.5, 0.9, 0.035),
            "turn": pulse(0.4, 0.7, 0.5, 0.9, 0.6),
            "nod": pulse(0.7, 0.4, 0.2, 0.7, 0.6),
            "close": blink(2.35),
        },
    ),
    MotionSpec(
        "sigh",
        {"en": "Sigh", "ko": "한숨"},
        frames=80,
        fps=20,
        curves={
            # Breath is drawn: head and brows rise. It is let go: all sinks below rest, the lids too.
            "down": together(pulse(0.05, 0.9, 0.1, 0.7, -0.02), pulse(1.2, 0.8, 0.6, 1.2, 0.016)),
            "nod": together(pulse(0.05, 0.9, 0.1, 0.8, -1.1), pulse(1.2, 0.9, 0.5, 1.3, 1.5)),
            "brows": together(pulse(0.2, 0.8, 0.1, 0.6, 1.2), pulse(1.2, 0.7, 0.5, 1.1, -0.8)),
            "open": pulse(1.15, 0.35, 0.25, 0.7, 1.1),
            "widen": pulse(1.15, 0.5, 0.3, 0.9, -1.2),
            "close": together(pulse(1.2, 0.6, 0.5, 0.9, 1.3), blink(3.3)),
            "roll": pulse(1.3, 0.9, 0.4, 1.3, -0.02),
        },
    ),
    MotionSpec(
        "laugh",
        {"en": "Laugh", "ko": "웃음"},
        frames=80,
        fps=20,
        curves={
            # The mouth is closed at first: it smiles, then opens, and the breath shakes the head.
            "lift": pulse(0.15, 0.7, 1.9, 1.2, 3.2),
            "widen": pulse(0.15, 0.7, 1.9, 1.2, 2.4),
            "open": together(
                pulse(0.8, 0.35, 1.0, 0.9, 0.9),
                syllables(
                    (0.85, 0.3, 0.9), (1.13, 0.3, 1.0), (1.41, 0.3, 0.9), (1.69, 0.3, 0.7), (2.0, 0.3, 0.4)
                ),
            ),
            "nod": together(
                pulse(0.5, 0.6, 0.7, 1.4, -1.2),
                syllables((0.9, 0.28, 0.5), (1.18, 0.28, 0.5), (1.46, 0.28, 0.45), (1.74, 0.28, 0.3)),
            ),
            "down": syllables(
                (0.85, 0.28, 0.007),
                (1.13, 0.28, 0.007),
                (1.41, 0.28, 0.006),
                (1.69, 0.28, 0.005),
                (2.0, 0.28, 0.003),
            ),
            "roll": pulse(0.6, 0.8, 0.6, 1.3, 0.03),
            "brows": pulse(0.6, 0.6, 0.8, 1.0, 0.7),
            "close": together(pulse(0.6, 0.5, 1.1, 1.0, 1.7), blink(3.45)),
        },
    ),
    MotionSpec(
        "answer",
        {"en": "Answer", "ko": "대답"},
        frames=80,
        fps=20,
        curves={
            # The gaze wanders off, comes back to the viewer with raised brows; two nods, and a smile.
            "turn": pulse(0.05, 0.5, 0.15, 0.6, -1.2),
            "close": together(blink(0.7), pulse(2.3, 0.5, 0.5, 0.6, 0.7), blink(3.4)),
            "brows": together(pulse(1.0, 0.35, 0.2, 0.6, 1.4), pulse(2.2, 0.6, 0.5, 0.65, 0.6)),
            "nod": together(
                pulse(0.9, 0.35, 0.0, 0.4, -0.5),
                pulse(1.35, 0.35, 0.0, 0.4, 2.2),
                pulse(1.95, 0.35, 0.0, 0.5, 1.7),
            ),
            "lift": pulse(2.1, 0.6, 0.5, 0.75, 2.8),
            "widen": pulse(2.1, 0.6, 0.5, 0.75, 2.2),
            "roll": pulse(2.0, 0.7, 0.4, 0.85, -0.03),
        },
    ),
)
