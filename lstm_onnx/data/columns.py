"""Finding columns by their usual names, and numbering rows by the name that a column gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Groups:
    """The rows of a table by what some of its columns name together.

    Attributes:
        code: the number of each row's group, in the order in which they appear (rows,).
        names: of the groups; what several columns say stands one after another.
        ids: the columns as they were, a row for each group; none where nothing names them.
    """

    code: NDArray[np.int64]
    names: list[str]
    ids: pl.DataFrame | None


def group_rows(frame: pl.DataFrame, columns: Sequence[str], where: Path | str, what: str) -> Groups:
    """Number what several columns name together; as `group_codes`."""
    if len(columns) < 2:
        code, names = group_codes(frame, columns[0] if columns else None, where, what)
    else:
        for column in columns:
            group_codes(frame, column, where, what)  # refuses cells that name nothing
        joined = frame.select(pl.concat_str([pl.col(c).cast(pl.String) for c in columns], separator=NAME_SEPARATOR))
        code, names = group_codes(joined.rename({joined.columns[0]: "names"}), "names", where, what)
    first = np.unique(code, return_index=True)[1]
    return Groups(code, names, frame.select(columns)[first.astype(np.int64)] if columns else None)


NAME_SEPARATOR = " · "
"""Between the names of several columns that tell series apart."""
