"""Cells of a table that are no numbers: classes, groups, and parts of a split."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from lstm_onnx.data.parts import Part, part_of
from lstm_onnx.data.tables import require, row_number
from lstm_onnx.errors import UserError


def cells(frame: pl.DataFrame, column: str, where: Path, what: str, rows: Iterable[int] | None = None) -> list[str]:
    """Return the cells of a column as text, of some rows or of all; refuses missing ones.

    Args:
        frame: the table.
        column: which.
        where: the file, for errors.
        what: what a cell is, for errors: `class`.
        rows: which rows; None for all.
    """
    refuse_nested(frame, column, where)
    chosen = list(range(frame.height)) if rows is None else [int(i) for i in rows]
    values = frame.get_column(column)[chosen]
    if values.dtype.is_float() and bool((values.drop_nulls().fill_nan(0.5) % 1 == 0).all()):
        values = values.cast(pl.Int64)  # 1.0 is the class 1
    text = values.cast(pl.String).str.strip_chars()
    missing = (text.is_null() | (text == "") | (text == "NaN")).arg_true()
    if len(missing):
        more = f" (and in {len(missing) - 1:,} more)" if len(missing) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, chosen[int(missing[0])])}, column '{column}': the {what} is missing"
            f"{more}; fill it in or delete the row"
        )
    return text.to_list()


def part_names(found: list[str], column: str, numbers: list[int], where: Path) -> tuple[Part, ...]:
    """Translate the cells of a split column to train, validation and test; `numbers` are their rows, for errors."""
    places = (f"{where}: row {number}, column '{column}'" for number in numbers)
    return tuple(part_of(text, place) for text, place in zip(found, places, strict=True))


def refuse_changes(frame: pl.DataFrame, sequence: str, column: str, where: Path) -> None:
    """Refuse a column that changes within a sequence."""
    first = pl.col(column).first().over(sequence)
    changed = frame.select(pl.col(column).ne_missing(first)).to_series().arg_true()
    if not len(changed):
        return
    at = int(changed[0])
    name = frame.get_column(sequence)[at]
    before = frame.filter(pl.col(sequence) == name).get_column(column)[0]
    raise UserError(
        f"{where}: row {row_number(where, at)}, column '{column}': found '{_shown(frame.get_column(column)[at])}', and "
        f"rows of sequence '{name}' before it have '{_shown(before)}'; it must be the same in all rows of a sequence: "
        f"cut a long recording into windows, each with a name of its own in '{sequence}'"
    )


def refuse_nested(frame: pl.DataFrame, column: str, where: Path) -> None:
    """Refuse a column that is not there, or whose cells are lists or records."""
    require(frame, column, where)
    kind = frame.get_column(column).dtype
    if kind.is_nested():
        raise UserError(f"{where}: column '{column}' holds {kind}, where text is needed; choose another")


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell)
