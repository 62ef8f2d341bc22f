"""Whole sequences of differing length, from a table with a row for each step or a row for each sequence.

Unlike in `time_series`, nothing is put on a regular grid: steps are what the table has, and a missing cell is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.columns import group_rows, joined_name
from lstm_onnx.data.tables import Floats, is_numeric, numeric_column, row_number
from lstm_onnx.data.timestamps import moments, require_time
from lstm_onnx.errors import UserError

Steps = NDArray[np.float32]
Whole = NDArray[np.int64]

_NOTED = 3
"""Notes on cells of more columns than this are cut short: a wide table may have thousands of columns."""


@dataclass(frozen=True)
class Sequences:
    """The sequences of a table.

    Attributes:
        values: float32 (time, channel) each, NaN where missing.
        names: what the sequence column says, else the number of the row (or "" for the only sequence).
        places: where each begins, for errors: `row 17`.
        rows: index into the table of the first row of each, in the order of the table.
        notes: one line for each thing that was repaired.
        steps: index into the table of each step of each sequence, where a step is a row.
        ids: the columns that tell sequences apart as they were, a row for each sequence, where there are several.
    """

    values: list[Steps]
    names: tuple[str, ...]
    places: tuple[str, ...]
    rows: Whole
    notes: tuple[str, ...] = ()
    steps: list[Whole] | None = None
    ids: pl.DataFrame | None = None


Ids = str | Sequence[str] | None
"""The column that tells sequences apart, or those that do together; None where a table is one sequence."""


def long_sequences(
    frame: pl.DataFrame, where: Path | str, *, sequence: Ids, time: str | None, columns: Sequence[str]
) -> Sequences:
    """Read a table with a row for each step.

    Args:
        frame: the table, as `read_table` gives it.
        where: its file, for errors.
        sequence: the column that tells sequences apart, or those that do together; None takes the table for one.
        time: the column that orders the steps of a sequence, numbers or times; None takes them as they stand.
        columns: the channels, in the order in which they are wanted.

    Returns:
        the sequences in the order in which they first appear.

    Raises:
        UserError: a cell cannot be read, or two steps of a sequence have the same time.
    """
    where = str(where)
    keys = id_columns(sequence)
    groups = group_rows(frame, keys, where, "sequence")
    code, names = groups.code, groups.names
    values, notes = _numbers(frame, columns, where)
    order = np.argsort(code, kind="stable")
    if time is not None:
        second, found = order_of_steps(frame, time, where)
        notes += found
        moved = int(((np.diff(second[order]) < 0) & (np.diff(code[order]) == 0)).sum())
        if moved:
            notes.append(f"sorted by '{time}': {moved:,} row{'s' * (moved > 1)} stood after a later one")
        order = np.lexsort((second, code))
        same = (np.diff(code[order]) == 0) & (np.diff(second[order]) == 0)
        _refuse_equal_times(frame, time, keys, order, same, where)
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    # sequences are numbered in the order in which they appear, so that `code` sorts them already
    first = np.unique(code, return_index=True)[1].astype(np.int64)
    return Sequences(
        values=np.split(values[order], starts[1:]),
        names=tuple(names),
        places=tuple(f"row {row_number(where, int(i))}" for i in first),
        rows=first,
        notes=tuple(notes),
        steps=np.split(order.astype(np.int64), starts[1:]),
        ids=groups.ids if len(keys) > 1 else None,
    )


def id_columns(sequence: Ids) -> tuple[str, ...]:
    """Return the columns that tell sequences apart, together."""
    return (sequence,) if isinstance(sequence, str) else tuple(sequence or ())


def name_in(frame: pl.DataFrame, sequence: Ids, row: int) -> str:
    """Name the sequence that a row belongs to, as `long_sequences` does."""
    return joined_name(frame.get_column(c)[row] for c in id_columns(sequence))


def wide_sequences(frame: pl.DataFrame, where: Path | str, columns: Sequence[str]) -> Sequences:
    """Read a table with a row for each sequence, whose cells are the steps of one channel.

    Empty cells at the end of a row make its sequence shorter; others are missing values.

    Args:
        frame: the table, as `read_table` gives it.
        where: its file, for errors.
        columns: the steps, the first first.

    Raises:
        UserError: a cell is no number, or a row has no value at all.
    """
    where = str(where)
    values, notes = _numbers(frame, columns, where)
    known = ~np.isnan(values)
    lengths = np.where(known.any(axis=1), values.shape[1] - known[:, ::-1].argmax(axis=1), 0)
    empty = np.flatnonzero(lengths == 0)
    if len(empty):
        more = f" (nor have {len(empty) - 1:,} more rows)" if len(empty) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, int(empty[0]))}: has no value in the columns '{columns[0]}' to "
            f"'{columns[-1]}'{more}, and a sequence needs one step at least; fill them in, or delete the row"
        )
    numbers = [row_number(where, i) for i in range(frame.height)]
    return Sequences(
        values=[row[:length, None].copy() for row, length in zip(values, lengths, strict=True)],
        names=tuple(str(n) for n in numbers),
        places=tuple(f"row {n}" for n in numbers),
        rows=np.arange(frame.height, dtype=np.int64),
        notes=tuple(notes),
    )


def block_sequences(frame: pl.DataFrame, where: Path | str, blocks: Mapping[str, Sequence[str]]) -> Sequences:
    """Read a table with a row for each sequence of several channels.

    Args:
        frame: the table, as `read_table` gives it.
        where: its file, for errors.
        blocks: of each channel the columns of its steps, the first first; all have as many.

    Returns:
        the sequences, their channels in the order of `blocks`; one ends with the last step that has any value.

    Raises:
        UserError: a cell is no number, or a row has no value at all.
    """
    columns = [c for own in blocks.values() for c in own]
    read = wide_sequences(frame, where, columns)  # refuses rows without any value
    values, _ = _numbers(frame, columns, str(where))
    stacked = values.reshape(frame.height, len(blocks), -1).transpose(0, 2, 1)  # (rows, step, channel)
    known: NDArray[np.bool_] = np.asarray(~np.isnan(stacked).all(axis=2))
    lengths = stacked.shape[1] - known[:, ::-1].argmax(axis=1)
    return replace(read, values=[row[:length].copy() for row, length in zip(stacked, lengths, strict=True)])


def _numbers(frame: pl.DataFrame, columns: Sequence[str], where: str) -> tuple[Steps, list[str]]:
    """Return the columns as float32 (rows, columns), and what was repaired in them."""
    values = np.empty((frame.height, len(columns)), dtype=np.float32)
    notes: list[str] = []
    for i, column in enumerate(columns):
        found, repaired = numeric_column(frame, column, where)
        with np.errstate(over="ignore"):  # beyond float32 is infinite, which counts as missing
            values[:, i] = found
        notes += repaired
    if len(notes) > _NOTED:
        notes = [*notes[:_NOTED], f"and so in {len(notes) - _NOTED:,} more columns"]
    values[np.isinf(values)] = np.nan
    return values, notes


def order_of_steps(frame: pl.DataFrame, time: str, where: str) -> tuple[Floats, list[str]]:
    """Return what orders the steps: numbers, or whole microseconds, which a float holds exactly."""
    require_time(frame, time, where)
    cells = frame.get_column(time)
    if is_numeric(cells):
        values, _ = numeric_column(frame, time, where)
        missing = np.flatnonzero(np.isnan(values))
        if len(missing):
            more = f" (and in {len(missing) - 1:,} more rows)" if len(missing) > 1 else ""
            raise UserError(
                f"{where}: row {row_number(where, int(missing[0]))}, column '{time}': the time is missing{more}; fill "
                "it in or delete the row"
            )
        return values, []
    found, notes = moments(frame, time, where)
    return found.astype(np.float64), list(notes)


def _refuse_equal_times(
    frame: pl.DataFrame, time: str, sequence: tuple[str, ...], order: Whole, same: NDArray[np.bool_], where: str
) -> None:
    places = np.flatnonzero(same)
    if not len(places):
        return
    first, second = sorted(int(i) for i in order[places[0] : places[0] + 2])
    of = f" of sequence '{name_in(frame, sequence, first)}'" if sequence else ""
    more = f" (and {len(places) - 1:,} more rows repeat one)" if len(places) > 1 else ""
    advice = "leave one row for each time"
    if not sequence:
        advice += ", or name the column that tells sequences apart, if the table holds several"
    raise UserError(
        f"{where}: row {row_number(where, second)}, column '{time}': repeats the time {frame.get_column(time)[first]} "
        f"of row {row_number(where, first)}{of}{more}; {advice}"
    )
