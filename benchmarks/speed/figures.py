"""What was measured, and how it is shown: medians with their spread."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

SETTLE = 0.01
"""Seconds to wait before each turn, until the threads of the one before have stopped spinning."""


@dataclass(frozen=True)
class Figure:
    """One cell of a table: several measurements of one thing.

    Attributes:
        cell: what was set, such as threads and batch.
        name: who was measured.
        unit: of the values.
        values: the measurements, in their order.
    """

    cell: Mapping[str, int | str]
    name: str
    unit: str
    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value that stands for all."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, relative to the median; 0 for a single value."""
        if len(self.values) < 2:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4, method="inclusive")
        return (high - low) / 2 / self.median

    def over(self, other: Figure) -> float:
        """How many times `other` it is: the median over the rounds, so that slow spells of the machine cancel."""
        pairs = zip(self.values, other.values, strict=False)  # who failed late has fewer
        return statistics.median(a / b for a, b in pairs)

    def as_json(self) -> dict[str, Any]:
        """Everything, for the file of results."""
        return {**asdict(self), "median": self.median, "spread": self.spread}


def alternate(turns: Mapping[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, tuple[float, ...]]:
    """Time calls that take turns; each turn repeats its call for about so many seconds.

    Returns:
        Seconds per call, one value for each round.
    """
    repeats = {name: max(3, int(seconds / _once(call))) for name, call in turns.items()}
    times: dict[str, list[float]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, call in turns.items():
            time.sleep(SETTLE)
            for _ in range(max(2, repeats[name] // 10)):
                call()
            began = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            times[name].append((time.perf_counter() - began) / repeats[name])
    return {name: tuple(values) for name, values in times.items()}


def _once(call: Callable[[], object]) -> float:
    """Seconds that one call takes once warm."""
    for _ in range(3):
        call()
    began = time.perf_counter()
    for _ in range(3):
        call()
    return (time.perf_counter() - began) / 3


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Lay out a table; numbers stand right."""
    aligned = ["---" if any(c.isalpha() for c in rows[0][k]) else "---:" for k in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, aligned, *rows)) + "\n"
