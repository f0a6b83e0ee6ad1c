"""How far a portrait is and how long each stage took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

OnProgress = Callable[[str, float], None]


class Stages:
    """Turns the work inside a stage into a fraction of the whole that never falls and ends with 1.

    ``shares`` are the parts that the stages take of the whole, in the order in which they are entered; they
    need not add up to 1. ``seconds`` holds what each stage took in fact.
    """

    def __init__(self, shares: Mapping[str, float], on_progress: OnProgress | None) -> None:
        whole = sum(shares.values())
        self._shares = {stage: share / whole for stage, share in shares.items()}
        self._on_progress = on_progress or (lambda stage, fraction: None)
        self._fraction = 0.0
        self.seconds: dict[str, float] = {}

    @contextmanager
    def enter(self, stage: str) -> Iterator[Callable[[float], None]]:
        """Work on a stage; call what this yields with the part of the stage that is done, 0..1."""
        start = sum(share for other, share in self._shares.items() if other in self.seconds)
        share = self._shares[stage]

        def advance(part: float) -> None:
            self._fraction = max(self._fraction, min(start + share * part, 1.0))
            self._on_progress(stage, self._fraction)

        began = time.perf_counter()
        advance(0.0)
        yield advance
        self.seconds[stage] = time.perf_counter() - began
        if len(self.seconds) == len(self._shares):
            self._fraction = 1.0
            self._on_progress(stage, 1.0)
