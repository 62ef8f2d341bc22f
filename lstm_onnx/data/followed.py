"""Follows what training decided of the columns of numbers, or refuses: for tables, and for single cells of a stream."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.data.cells import parse_number
from lstm_onnx.data.number_format import MARKS, NumberFormat, tidy
from lstm_onnx.data.tables import row_number
from lstm_onnx.errors import UserError


def format_of(reading: ColumnReading) -> NumberFormat:
    """Return how the numbers of a column are written."""
    return NumberFormat(reading.decimal or ".", reading.thousands, reading.unit)


def followed(frame: pl.DataFrame, readings: Sequence[ColumnReading] | None, where: Path | str) -> pl.DataFrame:
    """Rewrite the columns of numbers of a table as every reader understands them.

    Args:
        frame: the table.
        readings: what training decided; None, of an older file, leaves all as it is.
        where: the file, for errors.

    Raises:
        UserError: a cell is written otherwise than in training; names file, row and column.
    """
    changed = []
    for one in readings or ():
        if one.kind == "number" and not one.is_plain and one.column in frame.columns:
            missing = frozenset(tidy(cell) for cell in one.missing or ())
            changed.append(rewritten(frame.get_column(one.column), format_of(one), missing, where))
    return frame.with_columns(changed) if changed else frame


def rewritten(
    cells: pl.Series, how: NumberFormat, missing: frozenset[str] = frozenset(), where: Path | str | None = None
) -> pl.Series:
    """Rewrite a column as plain numbers, missing ones as null.

    Args:
        cells: text, or numbers, of which only codes for missing values change.
        how: how its numbers are written.
        missing: cells that count as missing, tidy.
        where: the file, for errors; None leaves cells that do not fit as they are.

    Raises:
        UserError: a cell is written otherwise.
    """
    if cells.dtype != pl.String or how.is_plain:
        return _without_codes(cells, missing)
    if not missing and how.unit is None and how.thousands in (None, *MARKS):
        quick = cells.str.strip_chars().str.contains(_grouped(how)) | cells.is_null()
        if quick.all():
            other = "." if how.decimal == "," else ","
            bare = cells.str.strip_chars().str.replace_all(other, "", literal=True)
            return bare.str.replace(",", ".", literal=True)
    plain: dict[str, str | None] = {}
    for cell in cells.unique().drop_nulls().to_list():
        if _is_missing(cell, how, missing):
            plain[cell] = None
            continue
        found = how.plain(cell)
        if found is None:
            if where is not None:
                _refuse(cells, cell, how, where)
            found = cell
        plain[cell] = found
    if all(new == old for old, new in plain.items()):
        return cells
    return cells.replace_strict(
        list(plain), pl.Series(list(plain.values()), dtype=pl.String), default=None, return_dtype=pl.String
    )


def _grouped(how: NumberFormat) -> str:
    """Match numbers of digits, with or without marks between thousands, that fit."""
    other = "." if how.decimal == "," else ","
    groups = rf"[1-9][0-9]{{0,2}}(?:[{other}][0-9]{{3}})+|" if how.thousands or how.decimal == "," else ""
    return rf"^[+-]?(?:{groups}[0-9]+)(?:[{how.decimal}][0-9]*)?$"


def _without_codes(cells: pl.Series, missing: frozenset[str]) -> pl.Series:
    """Take codes for missing values out of plain numbers."""
    if not missing or not (cells.dtype.is_numeric() or cells.dtype == pl.String):
        return cells
    codes = [n for n in map(parse_number, missing) if n is not None and math.isfinite(n)]
    gone = cells.cast(pl.Float64, strict=False).is_in(codes)
    if cells.dtype == pl.String:
        gone = gone.fill_null(False) | cells.str.strip_chars().str.to_lowercase().is_in(sorted(missing))
    return cells.set(gone, None) if gone.any() else cells


def _is_missing(cell: str, how: NumberFormat, missing: frozenset[str]) -> bool:
    if not missing:
        return False
    text = tidy(cell)
    if text in missing:
        return True
    plain = how.plain(cell)
    number = parse_number(plain) if plain is not None else None
    return number is not None and any(parse_number(code) == number for code in missing)


def _refuse(cells: pl.Series, cell: str, how: NumberFormat, where: Path | str) -> None:
    places = (cells == cell).arg_true()
    raise UserError(
        f"{where}: row {row_number(where, int(places[0]))}, column '{cells.name}': found '{cell}' where a number is "
        f"needed, written as the others are ({how.describe()}); correct it, or leave the cell empty"
    )


def cell_number(cell: Any, reading: ColumnReading | None) -> float | None:
    """Return the number in one cell of a stream: NaN where it is missing, None where it is no number."""
    if reading is None or reading.is_plain:
        return parse_number(cell)
    missing = frozenset(tidy(code) for code in reading.missing or ())
    if isinstance(cell, str):
        how = format_of(reading)
        if _is_missing(cell, how, missing):
            return float("nan")
        plain = how.plain(cell)
        return parse_number(plain) if plain is not None else None
    number = parse_number(cell)
    return float("nan") if number is not None and any(parse_number(code) == number for code in missing) else number


def by_column(readings: Sequence[ColumnReading] | None) -> Mapping[str, ColumnReading]:
    """Return the readings by the names of their columns."""
    return {one.column: one for one in readings or ()}
