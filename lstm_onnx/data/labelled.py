"""Sequences of a table with a row for each step, and beside each step its labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.data.sequences import Ids, Sequences, long_sequences
from lstm_onnx.data.tables import is_numeric, numeric_column, require
from lstm_onnx.errors import UserError

Labels = list[list[str | None]]
"""For each sequence the label of each step, None where the cell is empty."""


def labelled_sequences(
    frame: pl.DataFrame,
    where: Path | str,
    *,
    sequence: Ids,
    time: str | None,
    columns: Sequence[str],
    labels: Sequence[str],
) -> tuple[Sequences, dict[str, Labels]]:
    """Read the sequences of a table with the labels of their steps, both in the same order.

    Args:
        frame: the table, as `read_table` gives it.
        where: its file, for errors.
        sequence: the column that tells sequences apart, or those that do together; None takes the table for one.
        time: the column that orders the steps of a sequence; None takes them as they stand.
        columns: of numbers; there may be none.
        labels: columns of labels; 1.0 is the label 1, true is 1, and false 0.

    Returns:
        the sequences, with `columns` alone; and for each column of labels those of each sequence.

    Raises:
        UserError: a cell cannot be read; says where.
    """
    names: list[list[str]] = []
    coded = frame
    for number, column in enumerate(labels):
        texts = label_texts(frame, column, where)
        known = texts.drop_nulls().unique(maintain_order=True).to_list()
        codes = texts.replace_strict(known, list(range(len(known))), return_dtype=pl.Float64, default=None)
        coded = coded.with_columns(codes.alias(_code(number, frame)))
        names.append(known)
    read = long_sequences(
        coded,
        where,
        sequence=sequence,
        time=time,
        columns=[*columns, *(_code(number, frame) for number in range(len(labels)))],
    )
    width = len(columns)
    found: dict[str, Labels] = {}
    for number, column in enumerate(labels):
        codes_of = [values[:, width + number] for values in read.values]
        found[column] = [[None if np.isnan(c) else names[number][int(c)] for c in codes] for codes in codes_of]
    values = [np.ascontiguousarray(v[:, :width]) for v in read.values]
    return Sequences(values, read.names, read.places, read.rows, read.notes), found


def label_texts(frame: pl.DataFrame, column: str, where: Path | str) -> pl.Series:
    """Return the cells of a column as labels, null where there is none.

    Raises:
        UserError: there is no such column, or it holds lists or records.
    """
    require(frame, column, where)
    cells = frame.get_column(column)
    if cells.dtype.is_nested():
        raise UserError(f"{where}: column '{column}' holds {cells.dtype}, where labels are needed; choose another")
    if is_numeric(cells) or cells.dtype == pl.Boolean:
        values, _ = numeric_column(frame, column, where)
        return pl.Series(column, [None if np.isnan(v) else f"{v:g}" for v in values], dtype=pl.String)
    texts = cells.cast(pl.String).str.strip_chars()
    return texts.set(texts == "", None)


def _code(number: int, frame: pl.DataFrame) -> str:
    name = f"label {number}"
    while name in frame.columns:
        name += "'"
    return name
