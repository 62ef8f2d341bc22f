"""Cells of a table that are no numbers: classes, groups, and parts of a split."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.parts import Part, part_of
from lstm_onnx.data.sequences import name_in
from lstm_onnx.data.tables import require, row_number
from lstm_onnx.errors import UserError

_MISSING = ("", "nan", "<na>", "#n/a", "nat")
"""Texts of a cell, in small letters, that are no label: what programs write where there is none. `None`, `null` and
`NA` may well be the name of a class."""


def cells(
    frame: pl.DataFrame,
    column: str,
    where: Path,
    what: str,
    rows: Iterable[int] | None = None,
    advice: str = "fill it in or delete the row",
) -> list[str]:
    """Return the cells of a column as text, of some rows or of all; refuses missing ones.

    Args:
        frame: the table.
        column: which.
        where: the file, for errors.
        what: what a cell is, for errors: `class`.
        rows: which rows; None for all.
        advice: what to do about missing ones.
    """
    chosen = list(range(frame.height)) if rows is None else [int(i) for i in rows]
    text = _texts(frame, column, where, what, chosen)
    missing = _missing(text).arg_true()
    if len(missing):
        at = int(missing[0])
        said = f" ('{text[at]}')" if text[at] else ""
        more = f" (and in {len(missing) - 1:,} more)" if len(missing) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, chosen[at])}, column '{column}': the {what} is missing{said}{more}; "
            f"{advice}"
        )
    return text.to_list()


def has_cell(frame: pl.DataFrame, column: str, where: Path, rows: Iterable[int] | None = None) -> NDArray[np.bool_]:
    """Say of some rows, or of all, whether there is something in a column."""
    chosen = list(range(frame.height)) if rows is None else [int(i) for i in rows]
    found: NDArray[np.bool_] = (~_missing(_texts(frame, column, where, "cell", chosen))).to_numpy()
    return found


def _missing(text: pl.Series) -> pl.Series:
    return text.is_null() | text.str.to_lowercase().is_in(_MISSING).fill_null(True)


def _texts(frame: pl.DataFrame, column: str, where: Path, what: str, chosen: list[int]) -> pl.Series:
    require(frame, column, where)
    values = frame.get_column(column)[chosen]
    kind = values.dtype
    if isinstance(kind, pl.List | pl.Array) and not kind.inner.is_nested():
        values = _single(values.cast(pl.List(kind.inner)), column, where, what, chosen)
    elif kind.is_nested():
        raise UserError(f"{where}: column '{column}' holds {nested(kind)}, where text is needed; choose another")
    if values.dtype.is_float() and bool((values.drop_nulls().fill_nan(0.5) % 1 == 0).all()):
        values = values.cast(pl.Int64)  # 1.0 is the class 1
    return values.cast(pl.String).str.strip_chars()


def _single(values: pl.Series, column: str, where: Path, what: str, chosen: list[int]) -> pl.Series:
    """Take the one entry out of lists of one; an empty list is a missing cell."""
    counts = values.list.len()
    many = (counts > 1).fill_null(False).arg_true()
    if len(many):
        at = int(many[0])
        raise UserError(
            f"{where}: row {row_number(where, chosen[at])}, column '{column}': a list of {counts[at]} labels, and one "
            f"label ({what}) is needed for each example; leave the others out"
        )
    return values.list.first()


def part_names(found: list[str], column: str, numbers: list[int], where: Path) -> tuple[Part, ...]:
    """Translate the cells of a split column to train, validation and test; `numbers` are their rows, for errors."""
    places = (f"{where}: row {number}, column '{column}'" for number in numbers)
    return tuple(part_of(text, place) for text, place in zip(found, places, strict=True))


def refuse_changes(frame: pl.DataFrame, sequence: tuple[str, ...], column: str, where: Path) -> None:
    """Refuse a column that changes within a sequence."""
    first = pl.col(column).first().over(sequence)
    changed = frame.select(pl.col(column).ne_missing(first)).to_series().arg_true()
    if not len(changed):
        return
    at = int(changed[0])
    name = name_in(frame, sequence, at)
    before = frame.filter([pl.col(c) == frame.get_column(c)[at] for c in sequence]).get_column(column)[0]
    raise UserError(
        f"{where}: row {row_number(where, at)}, column '{column}': found '{_shown(frame.get_column(column)[at])}', and "
        f"rows of sequence '{name}' before it have '{_shown(before)}'; it must be the same in all rows of a sequence: "
        "cut long recordings into windows with --windows 100 (rows) or --windows 4s"
    )


def refuse_nested(frame: pl.DataFrame, column: str, where: Path) -> None:
    """Refuse a column that is not there, or whose cells are lists or records."""
    require(frame, column, where)
    kind = frame.get_column(column).dtype
    if kind.is_nested():
        raise UserError(f"{where}: column '{column}' holds {nested(kind)}, where text is needed; choose another")


def nested(kind: pl.DataType) -> str:
    """Say in words of a file what cells hold that are not one value."""
    return "a list in each cell" if isinstance(kind, pl.List | pl.Array) else "a record in each cell"


def _shown(cell: object) -> str:
    return "" if cell is None else str(cell)
