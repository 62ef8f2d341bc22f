"""What the columns of a table that are to be answered become: numbers, or what else a task makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.tables import numeric_column
from lstm_onnx.features.feature import OutputFeature
from lstm_onnx.features.number import Number


@dataclass(frozen=True)
class Answered:
    """The columns of answers of a table.

    Attributes:
        columns: a row for each example, by the name of its feature.
        outputs: the features.
        missing: examples without an answer, (example,): they are left out.
        notes: one line for each thing that was repaired.
    """

    columns: Mapping[str, Sequence[Any]]
    outputs: Sequence[OutputFeature]
    missing: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableAnswers:
    """How `read_examples` reads what is to be answered.

    Attributes:
        read: takes the table, its file, the columns of answers with the names of their features, and the number of the
            row that each example begins at, (example,).
        option: that names the columns, for errors.
        cells: what cells of these columns are, as `Understanding.settle` says it.
    """

    read: Callable[[pl.DataFrame, Path, Mapping[str, str], NDArray[np.int64]], Answered]
    option: str = "target"
    cells: str = "number"


def _numbers(frame: pl.DataFrame, where: Path, names: Mapping[str, str], rows: NDArray[np.int64]) -> Answered:
    columns: dict[str, list[float]] = {}
    notes: list[str] = []
    for column, name in names.items():
        values, told = numeric_column(frame, column, where)
        columns[name] = [float(v) for v in values[rows]]
        notes += told
    missing = np.asarray(np.isnan(np.array(list(columns.values()), dtype=np.float64)).any(axis=0))
    outputs = [Number(name=name, column=column, meaning=column) for column, name in names.items()]
    return Answered(columns, outputs, missing, tuple(notes))


NUMBERS = TableAnswers(_numbers)
"""Each column of answers holds numbers."""
