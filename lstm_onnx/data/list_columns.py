"""Tables whose cells are whole sequences: a row for each example, a column of lists or arrays for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.data.sequences import Sequences, Steps
from lstm_onnx.data.tables import row_number
from lstm_onnx.errors import UserError


def list_columns(frame: pl.DataFrame) -> list[str]:
    """Name the columns whose cells are lists of numbers."""
    return [c for c, kind in frame.schema.items() if _holds_numbers(kind)]


def _holds_numbers(kind: pl.DataType) -> bool:
    if not isinstance(kind, pl.List | pl.Array):
        return False
    inner = kind.inner
    return inner.is_numeric() or inner == pl.Boolean


def list_sequences(frame: pl.DataFrame, where: Path | str, columns: Sequence[str]) -> Sequences:
    """Read each row as a sequence, a column of lists for each channel; null within a list is a missing value.

    Raises:
        UserError: the lists of a row differ in length, or are empty.
    """
    cells = [frame.get_column(c).cast(pl.List(pl.Float32), strict=False).to_list() for c in columns]
    values: list[Steps] = []
    for i in range(frame.height):
        rows = [column[i] or [] for column in cells]
        counts = {len(row) for row in rows}
        here = f"{where}: row {row_number(str(where), i)}"
        if len(counts) > 1:
            told = ", ".join(f"'{c}' {len(row)}" for c, row in zip(columns, rows, strict=True))
            raise UserError(f"{here}: its channels have different lengths ({told}); give each as many steps")
        if counts == {0}:
            raise UserError(f"{here}: has no step in column '{columns[0]}'; give one at least, or delete the row")
        array = np.array(rows, dtype=np.float32).T
        values.append(np.ascontiguousarray(np.where(np.isfinite(array), array, np.float32(np.nan))))
    numbers = [row_number(str(where), i) for i in range(frame.height)]
    return Sequences(
        values,
        tuple(map(str, numbers)),
        tuple(f"row {n}" for n in numbers),
        np.arange(frame.height, dtype=np.int64),
    )
