"""The rows of a table while they become regular series, and what every stage of that needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract_clock import Step
from lstm_onnx.data.frequency import moment_text
from lstm_onnx.data.tables import Floats, row_number
from lstm_onnx.data.timestamps import Seconds

SPARSE = 10
"""A grid with this many times more rows than the table has (and 10,000 more) comes from a stray time."""


@dataclass
class TableReading:
    """What every stage needs: the file for errors, the notes so far, whether options may be suggested, the step."""

    where: str
    notes: list[str]
    fixed: bool
    step: Step | None

    def at(self, time: int) -> str:
        """Write a time for a person."""
        return moment_text(int(time), self.step)

    def row(self, index: int) -> str:
        """Say where a row of the table stands in its file."""
        return f"{self.where}: row {row_number(self.where, int(index))}"


@dataclass(frozen=True)
class SeriesRows:
    """The rows of the table while they are put in order: `index` is the row's place in the table."""

    code: NDArray[np.int64]
    time: Seconds
    values: Floats
    index: NDArray[np.int64]

    def take(self, keep: NDArray[Any]) -> SeriesRows:
        """Return these rows, in this order."""
        return SeriesRows(self.code[keep], self.time[keep], self.values[keep], self.index[keep])

    def same(self) -> NDArray[np.bool_]:
        """Whether each row and the next are of one series; (rows - 1,)."""
        same: NDArray[np.bool_] = np.diff(self.code) == 0
        return same


def begins(code: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row at which each series begins, where rows are sorted by series."""
    return np.flatnonzero(np.diff(code, prepend=-1))
