"""Finding columns by their usual names, and numbering rows by the name that a column gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    names = _names(frame, column, where)
    _refuse_nameless(names.is_null(), f"column '{column}'", where, what)
    return _numbered(names)


def _names(frame: pl.DataFrame, column: str, where: Path | str) -> pl.Series:
    """Return the cells of a column as text, null where they name nothing."""
    require(frame, column, where)
    kind = frame.get_column(column).dtype
    if kind.is_nested():
        raise UserError(f"{where}: column '{column}' holds {kind}, where names are needed; choose another")
    names = frame.get_column(column).cast(pl.String)
    return names.set(names.str.strip_chars() == "", None)


def _refuse_nameless(nameless: pl.Series, place: str, where: Path | str, what: str) -> None:
    missing = nameless.arg_true()
    if len(missing):
        more = f" (and in {len(missing) - 1:,} more rows)" if len(missing) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, int(missing[0]))}, {place}: the name of the {what} is "
            f"missing{more}; fill it in or delete the row"
        )


def _numbered(names: pl.Series) -> tuple[NDArray[np.int64], list[str]]:
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
    """Number what several columns name together; as `group_codes`.

    Of several columns some may be empty in a row, such as the province of a country that has none, but not all.
    """
    if len(columns) < 2:
        code, names = group_codes(frame, columns[0] if columns else None, where, what)
    else:
        parts = pl.DataFrame([_names(frame, column, where).alias(f"part {i}") for i, column in enumerate(columns)])
        nameless = parts.select(pl.all_horizontal(pl.all().is_null())).to_series()
        _refuse_nameless(nameless, f"columns {' and '.join(repr(c) for c in columns)}", where, what)
        known = parts.unique(maintain_order=True)
        numbered = known.with_row_index("code")
        found = parts.join(numbered, on=parts.columns, how="left", nulls_equal=True, maintain_order="left")
        code, names = found.get_column("code").to_numpy().astype(np.int64), list(map(joined_name, known.iter_rows()))
    first = np.unique(code, return_index=True)[1]
    return Groups(code, names, frame.select(columns)[first.astype(np.int64)] if columns else None)


def joined_name(parts: Iterable[Any]) -> str:
    """Return what several cells name together, as `group_rows` does; empty where none names anything."""
    said = ["" if part is None or not str(part).strip() else str(part) for part in parts]
    return NAME_SEPARATOR.join(map(_quoted, said)) if any(said) else ""


def _quoted(part: str) -> str:
    """Return one part of a name; in quotes what would be taken for several parts, for none, or for one in quotes."""
    mark = NAME_SEPARATOR.strip()
    odd = part in (mark, NO_PART) or part.startswith(('"', f"{mark} ")) or part.endswith(f" {mark}")
    if odd or NAME_SEPARATOR in part:
        return '"' + part.replace('"', '""') + '"'
    return part or NO_PART


NAME_SEPARATOR = " · "
"""Between the names of several columns that tell series apart."""
NO_PART = "-"
"""Stands in such a name for a column that is empty."""
