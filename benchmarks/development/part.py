"""What a part of the table is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.development.figures import Figure


@dataclass(frozen=True)
class Part:
    """Sets of one kind, and how they are scored.

    Attributes:
        title: for people.
        sets: the names of all; raises `SystemExit` where the package that has them is missing.
        train: scores a set, with a seed and with other options than the defaults; it may score baselines on the way.
        others: scores the other methods that can be run here; None where a training does it.
        columns: methods that the table shows beside the default; None for the best of those there are.
    """

    title: str
    sets: Callable[[], list[str]]
    train: Callable[[str, int, Mapping[str, Any]], Iterable[Figure]]
    others: Callable[[str], Iterable[Figure]] | None
    columns: tuple[str, ...] | None
