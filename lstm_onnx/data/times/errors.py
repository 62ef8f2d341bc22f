"""What a person is told of a cell in a column of times that cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.data.tables import row_number
from lstm_onnx.data.times.fields import Mask
from lstm_onnx.errors import UserError

ADVICE = "write times as 2020-01-31 or 2020-01-31 13:00"
IMPOSSIBLE = "is a date or a time that does not exist"


def refuse_cells(bad: Mask, cells: pl.Series, column: str, where: Path | str, why: str, advice: str = ADVICE) -> None:
    """Refuse a column with such cells, and quote the first."""
    places = np.flatnonzero(bad)
    if len(places):
        index = int(places[0])
        more = f" (and {len(places) - 1:,} more such cells)" if len(places) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, index)}, column '{column}': '{cells[index]}' {why}{more}; {advice}"
        )


def refuse_missing(cells: pl.Series, column: str, where: Path | str) -> None:
    """Refuse a column of times in which one is missing."""
    missing = cells.is_null()
    if cells.dtype.is_float():
        missing = missing | cells.is_nan()
    if cells.dtype == pl.String:
        missing = missing | (cells.str.strip_chars() == "")
    bad = missing.arg_true()
    if len(bad):
        more = f" (and in {len(bad) - 1} more rows)" if len(bad) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, int(bad[0]))}, column '{column}': the time is missing{more}; fill it in "
            "or delete the row"
        )
