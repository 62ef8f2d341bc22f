"""Figures in a JSON-lines file, so that a run that was ended goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.speed.figures import Figure

Cell = Mapping[str, int | str]


class Kept:
    """The figures of one part of the benchmark, a line for each; a cell is done when its figures stand there.

    Args:
        file: with the figures of all parts.
        part: whose these are.
    """

    def __init__(self, file: Path, part: str) -> None:
        self.file, self.part = file, part

    @property
    def figures(self) -> list[Figure]:
        """All that were found so far; of one measured twice, the last."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        found: dict[str, Figure] = {}
        for entry in map(json.loads, lines):
            if entry["part"] == self.part:
                found[json.dumps([entry["cell"], entry["name"]])] = _figure(entry)
        return list(found.values())

    def has(self, cell: Cell) -> bool:
        """Whether this cell is done."""
        return any(cell.items() <= figure.cell.items() for figure in self.figures)

    def add(self, figures: Iterable[Figure]) -> None:
        """Keep all figures of a cell, in one piece."""
        lines = [json.dumps({"part": self.part} | figure.as_json()) + "\n" for figure in figures]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a") as file:
            file.write("".join(lines))


def _figure(entry: dict[str, Any]) -> Figure:
    return Figure(entry["cell"], entry["name"], entry["unit"], tuple(entry["values"]))
