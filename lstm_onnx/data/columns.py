"""Finding columns by their usual names, and numbering rows by the name that a column gives them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.tables import require, row_number
from lstm_onnx.errors import UserError


def called(frame: pl.DataFrame, names: Iterable[str]) -> str | None:
    """Find a column by the first of these names that there is, in any mixture of capitals, spaces as underscores."""
    spelt = {c.strip().lower().replace(" ", "_"): c for c in reversed(frame.columns)}
    return next((spelt[n] for n in names if n in spelt), None)


def group_codes(
    frame: pl.DataFrame, column: str | None, where: Path | str, what: str
) -> tuple[NDArray[np.int64], list[str]]:
    """Number what the cells of a column name, in the order in which it appears.

    Args:
        frame: the table.
        column: which; None takes all rows for one, without a name.
        where: the file, for errors.
        what: a cell names, for errors: `series`.

    Returns:
        the number of each row, and the names.

    Raises:
        UserError: the column is not there, or a cell names nothing.
    """
    if column is None:
        return np.zeros(frame.height, dtype=np.int64), [""]
    require(frame, column, where)
    kind = frame.get_column(column).dtype
    if kind.is_nested():
        raise UserError(f"{where}: column '{column}' holds {kind}, where names are needed; choose another")
    names = frame.get_column(column).cast(pl.String)
    missing = (names.is_null() | (names.str.strip_chars() == "")).arg_true()
    if len(missing):
        more = f" (and in {len(missing) - 1:,} more rows)" if len(missing) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, int(missing[0]))}, column '{column}': the name of the {what} is "
            f"missing{more}; fill it in or delete the row"
        )
    known = names.unique(maintain_order=True)
    code = names.replace_strict(known, pl.Series(range(len(known)), dtype=pl.Int64), return_dtype=pl.Int64)
    return code.to_numpy().astype(np.int64), known.to_list()
