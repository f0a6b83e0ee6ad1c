"""What a drill found."""

from __future__ import annotations

from dataclasses import dataclass

from demo.measuring import table


@dataclass(frozen=True)
class Outcome:
    """``rows`` of the printed table under ``head``; ``faults`` are the promises that were broken."""

    head: tuple[str, ...]
    rows: list[tuple[object, ...]]
    faults: list[str]

    def text(self) -> str:
        return table(self.head, self.rows)
