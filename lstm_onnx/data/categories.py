"""Columns of words where numbers are needed: a column of 1 and 0 for each word, which training has found.

A cell that holds nothing, or a word that training did not have, is 0 in all of them. The words stand in the contract,
and the graph takes plain numbers: any program can give them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.data.cells import MISSING
from lstm_onnx.data.tables import require, row_number
from lstm_onnx.errors import UserError, nearest

MOST = 64
"""Different words that a column may hold; more of them name things, and are no categories."""
_SHOWN = 3


def level_column(column: str, level: str) -> str:
    """Name the column of numbers that says where a column of words holds one of them."""
    return f"{column}={level}"


def level_columns(columns: Iterable[str], levels: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Put the columns of its levels in the place of each column of words."""
    return tuple(n for c in columns for n in ([level_column(c, v) for v in levels[c]] if c in levels else [c]))


def find_levels(frame: pl.DataFrame, column: str, where: Path | str, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the words of a column in their order.

    Args:
        frame: the table.
        column: of words.
        where: the file, for errors.
        given: of all columns, as `column=word`: where it names some of this column, these are taken.

    Raises:
        UserError: they are too many, or there are none.
    """
    named = tuple(one.removeprefix(f"{column}=") for one in given if one.startswith(f"{column}="))
    if named:
        return named
    found: dict[str, str] = {}
    for cell in frame.get_column(column).unique(maintain_order=True).drop_nulls().to_list():
        if (word := _word(cell)) is not None:
            found.setdefault(word, str(cell).strip())
    if not found:
        raise UserError(f"{where}: column '{column}' holds nothing at all; leave it out or fill it in")
    if len(found) > MOST:
        raise UserError(
            f"{where}: column '{column}' holds {len(found):,} different words, such as '{next(iter(found.values()))}', "
            f"and a category has {MOST} at most; leave it out, or put words together"
        )
    return tuple(sorted(found.values()))


def _word(cell: Any) -> str | None:
    """What a cell says, in any mixture of capitals; None for nothing."""
    text = " ".join(str(cell).split()).lower() if cell is not None else ""
    return None if text in MISSING else text


def with_levels(frame: pl.DataFrame, levels: Mapping[str, Sequence[str]], where: Path | str) -> pl.DataFrame:
    """Add a column of 1 and 0 for each level of columns of words.

    Raises:
        UserError: a column of words is not there, or one of numbers has the name of a level.
    """
    added = []
    for column, words in levels.items():
        require(frame, column, where)
        cells = frame.get_column(column).cast(pl.String)
        plain = cells.str.replace_all(r"\s+", " ").str.strip_chars().str.to_lowercase()
        for word in words:
            name = level_column(column, word)
            if name in frame.columns:
                raise UserError(f"{where}: column '{name}' has the name of a level of '{column}'; rename one of them")
            same = plain == _word(word)
            added.append(same.fill_null(False).cast(pl.Float64).alias(name))
    return frame.with_columns(added) if added else frame


def strange_words(frame: pl.DataFrame, levels: Mapping[str, Sequence[str]], where: Path | str) -> tuple[str, ...]:
    """Return a line for each column with words that training did not have."""
    notes = []
    for column, words in levels.items():
        known = {_word(word) for word in words}
        cells = frame.get_column(column).cast(pl.String)
        odd = [cell for cell in cells.unique(maintain_order=True).to_list() if _word(cell) not in {None, *known}]
        if odd:
            first = int((cells == odd[0]).arg_true()[0])
            more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
            shown = ", ".join(f"'{cell}'" for cell in odd[:_SHOWN]) + more
            notes.append(
                f"column '{column}': {shown} (the first in row {row_number(where, first)}) was not in training, and "
                "counts as none of its words"
            )
    return tuple(notes)


def levels_of(readings: Sequence[ColumnReading] | None) -> dict[str, tuple[str, ...]]:
    """Return the words of each column that a contract knows as a category among the inputs."""
    return {r.column: r.levels for r in readings or () if r.kind == "category" and r.levels is not None}


def with_level_cells(row: Mapping[str, Any], levels: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Do to a row of a stream what `with_levels` does to a table."""
    found = dict(row)
    for column, words in levels.items():
        if column not in row:
            raise UserError(f"there is no column '{column}'{nearest(column, row)}")
        word = _word(row[column])
        found |= {level_column(column, one): float(word == _word(one)) for one in words}
    return found
