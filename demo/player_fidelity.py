"""How near the frames that the player draws are to those that the engine computes for the same amplitudes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from demo.player_page import PlayerPage
from portrait.engine.canvas.composer import Frame, paint_and_carry
from portrait.engine.canvas.subject import PaintedSubject
from portrait.engine.fomm.model import MotionModel
from portrait.engine.live.eyes import eyes_of, looking
from portrait.engine.live.poses import Amplitudes, posed
from portrait.engine.photo.picture import Picture

# Each motion by itself, and what the player's own behaviour mixes.
MIXTURES = (
    Amplitudes(),
    Amplitudes(look_right=1.0),
    Amplitudes(look_right=-0.5, look_down=0.2),
    Amplitudes(look_right=0.7, look_down=-0.7),
    Amplitudes(nod=0.5),
    Amplitudes(tilt=-0.6),
    Amplitudes(blink=1.0),
    Amplitudes(smile=0.7, wink=1.0),
    # Lids and a mouth that are half way, while the head is turned.
    Amplitudes(blink=0.5),
    Amplitudes(look_right=0.3, smile=1.0, blink=0.5),
    Amplitudes(look_right=-0.7, look_down=0.3, blink=0.5, breath=0.5),
    Amplitudes(look_right=0.6, look_down=-0.3, open=0.5),
    Amplitudes(look_right=-0.5, smile=0.5, open=0.7, breath=0.6),
    # The eyes alone, and before the head.
    Amplitudes(gaze_right=1.0),
    Amplitudes(gaze_right=-1.0, gaze_down=1.0),
    Amplitudes(look_right=0.4, look_down=-0.2, gaze_right=0.9, gaze_down=-0.5, breath=0.4, blink=0.3),
    # Motions of the head together, with the breath that never stops.
    Amplitudes(look_right=0.6, look_down=-0.4, breath=0.8),
    Amplitudes(look_right=0.5, look_down=0.2, nod=0.4, breath=0.5),
    Amplitudes(look_right=-0.5, tilt=0.4, breath=0.3),
    Amplitudes(nod=0.5, tilt=-0.4, breath=0.6),
    Amplitudes(look_right=0.4, look_down=-0.2, nod=0.3, tilt=0.3, breath=0.9),
    Amplitudes(look_right=0.6, tilt=0.3, smile=1.0, breath=0.2),
    Amplitudes(look_right=0.2, tilt=0.4, smile=0.5, wink=1.0, breath=0.5),
    Amplitudes(look_right=0.3, nod=0.6, smile=0.5, breath=0.5),
    # More than the head's budget: engine and player reduce it to the same.
    Amplitudes(look_right=1.0, look_down=1.0, nod=1.0, tilt=1.0),
)

# Looks and motions are asked for at random times; the amplitudes are those of random frames.
BEHAVED = """async ([seed, count]) => {
  const { Behaviour } = await import("/web/lib/live/behaviour.js");
  Math.random = () => 0;
  const behaviour = new Behaviour(seed);
  const names = ["nod", "smile", "wink", "tilt", "greet"];
  const frames = [];
  for (let frame = 0; frame < 60 * 60; frame += 1) {
    if (behaviour.random() < 1 / 180) behaviour.play(names[Math.floor(behaviour.random() * names.length)]);
    if (behaviour.random() < 1 / 120) behaviour.look(2 * behaviour.random() - 1, 2 * behaviour.random() - 1);
    frames.push(behaviour.advance(1 / 60));
  }
  return Array.from({ length: count }, () => frames[Math.floor(behaviour.random() * frames.length)]);
}"""


def engine_frame(model: MotionModel, painted: PaintedSubject, amplitudes: Amplitudes) -> Frame:
    """The frame of the engine: everything that moves is painted in it, nothing between two keyframes."""
    seen = looking(painted, eyes_of(painted.subject.photo), amplitudes.gaze_right, amplitudes.gaze_down)
    *_, frame = paint_and_carry(model, seen, posed([amplitudes]))
    return frame


def decibels(drawn: Picture, frame: Frame) -> float:
    """The peak signal-to-noise ratio of what was drawn beside the engine's frame, on the person alone."""
    error = drawn.astype(np.float64) - frame.picture
    return float(10 * np.log10(255**2 / np.square(error[frame.alpha > 127]).mean()))


def behaved(page: PlayerPage, count: int, seed: int) -> list[Amplitudes]:
    """Amplitudes that the player itself reaches, drawn from a minute in which it is asked to look and for motions."""
    drawn = page.page.evaluate(BEHAVED, [seed, count])
    return [Amplitudes(**{_snake(name): value for name, value in each.items()}) for each in drawn]


def measured(
    page: PlayerPage, model: MotionModel, painted: PaintedSubject, mixtures: Sequence[Amplitudes]
) -> Iterator[tuple[float, Picture, Frame]]:
    """Of each of ``mixtures`` the decibels, what ``page`` draws and what the engine computes."""
    for amplitudes in mixtures:
        frame = engine_frame(model, painted, amplitudes)
        drawn = page.drawn(amplitudes)
        yield decibels(drawn, frame), drawn, frame


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)
