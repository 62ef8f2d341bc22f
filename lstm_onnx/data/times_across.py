"""A table with a row for each series and a column for each time, turned so that it has a row for each of both."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.data.cells import MISSING, parse_number
from lstm_onnx.data.tables import row_number
from lstm_onnx.data.text_facts import TextFacts, facts_of, remember
from lstm_onnx.errors import UserError

TIME, VALUE = "time", "value"
"""What the columns are called that times and values stand in once a table is turned."""
_LEAST = 3
"""So many columns that are called after times are no accident."""
_NAME = re.compile(r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ].*)?\Z|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\Z|(19|20)\d\d\Z")
_NUMBER, _FRACTION = r"^[+-]?\d*(?:[.,]\d+)?$", r"[.,]\d"


def times_across(frame: pl.DataFrame) -> list[str]:
    """Return the columns that are called after dates or years (`2023-01-20`, `1990`), if most of a table is such."""
    times = [c for c in frame.columns if _NAME.match(c.strip())]
    return times if len(times) >= _LEAST and 2 * len(times) >= frame.width else []


def turned(frame: pl.DataFrame, times: Sequence[str], where: Path | str, missing: Collection[str] = ()) -> pl.DataFrame:
    """Return a row for each row and time: all other columns, `time` as the header has it, and `value`.

    What a row lacks before its first and after its last value is no row: it began later, or ended.

    Args:
        frame: the table.
        times: its columns of times, which `times_across` found.
        where: its file, for errors.
        missing: cells that stand for a missing value beside the usual ones.

    Raises:
        UserError: another column is called `time` or `value`.
    """
    others = [c for c in frame.columns if c not in times]
    if taken := [c for c in others if c in (TIME, VALUE)]:
        raise UserError(
            f"{where}: the times stand in the header ('{times[0]}' to '{times[-1]}'), and a column is called "
            f"'{taken[0]}', as the column of them is to be called once the table is turned; call it otherwise"
        )
    numbers = all(frame.schema[c].is_numeric() or frame.schema[c] == pl.Null for c in times)
    cells = frame.with_columns(pl.col(times).cast(pl.Float64 if numbers else pl.String))
    long = cells.with_row_index("\0row").unpivot(times, index=["\0row", *others], variable_name=TIME, value_name=VALUE)
    known = pl.col(VALUE).is_not_null() & _is_value(numbers, missing)
    began = known.cast(pl.Int64).cum_sum().over("\0row") > 0
    goes_on = known.cast(pl.Int64).cum_sum(reverse=True).over("\0row") > 0
    kept = long.filter(began & goes_on).sort("\0row", maintain_order=True)
    numbers_of_rows = np.array([row_number(where, i) for i in range(frame.height)])[kept["\0row"].to_numpy()]
    remember(where, replace(facts_of(where) or TextFacts(","), rows=numbers_of_rows))  # errors name rows of the file
    return kept.drop("\0row")


def names_of_rows(frame: pl.DataFrame, times: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that tell rows apart: the first that does so alone, else all words, else none.

    Of several words some may be empty in a row, but not all; measures, such as degrees of latitude, are no names.
    """
    others = [c for c in frame.columns if c not in times and not _are_measures(frame[c])]
    alone = next((c for c in others if frame[c].null_count() == 0 and frame[c].is_unique().all()), None)
    if alone is not None:
        return (alone,)
    words = tuple(c for c in others if frame.schema[c] == pl.String)
    named = frame.select(pl.any_horizontal(pl.col(words).is_not_null())).to_series().all() if words else False
    return words if named and frame.select(words).is_unique().all() else ()


def _are_measures(cells: pl.Series) -> bool:
    """Whether a column holds numbers, and fractions among them, with either decimal mark."""
    if cells.dtype != pl.String:
        return cells.dtype.is_float()
    known = cells.drop_nulls().str.strip_chars()
    return bool(known.str.contains(_NUMBER).all()) and bool(known.str.contains(_FRACTION).any())


def _is_value(numbers: bool, missing: Collection[str]) -> pl.Expr:
    """Whether a cell says a value: it is not missing, and no code for that, be it a number or text."""
    codes = [n for n in map(parse_number, missing) if n is not None and math.isfinite(n)]
    value = pl.col(VALUE)
    if numbers:
        return value.is_not_nan() & ~value.is_in(codes)
    word = value.str.strip_chars().str.to_lowercase().is_in([*MISSING, *(m.lower() for m in missing)])
    return ~(word | value.str.strip_chars().cast(pl.Float64, strict=False).is_in(codes).fill_null(False))
