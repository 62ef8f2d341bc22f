"""From a table to regular series: sorted, without gaps, one row for each step.

What is repaired is noted, one line for a person each: rows out of order are sorted, rows of one series with the same
time are averaged, missing rows are filled with NaN, stamps of months are taken as their month, and daily rows that a
clock change moved by an hour are moved back. What cannot be repaired without guessing is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract import Step
from lstm_onnx.data.columns import group_codes
from lstm_onnx.data.frequency import DAY, infer_step, step_text, ticks, to_grid
from lstm_onnx.data.tables import Floats, is_numeric, numeric_column, row_number
from lstm_onnx.data.timestamps import Seconds, month_start, time_column, time_text
from lstm_onnx.errors import UserError

_CROWDED = 1 / 3
"""From this share of repeated times on, a table without a series column is taken for a long table of several."""
_SPARSE = 10
"""A grid with this many times more rows than the table has (and 10,000 more) comes from a stray time."""


@dataclass(frozen=True)
class Series:
    """One series on a regular grid.

    Attributes:
        name: what the series column says; "" for the only series of a table without one.
        time: unix seconds (rows,), one step apart.
        values: float64 (rows, columns), NaN where missing.
    """

    name: str
    time: Seconds
    values: Floats


@dataclass(frozen=True)
class Regular:
    """All series of a table, with the step they share and notes on what was repaired."""

    series: tuple[Series, ...]
    step: Step
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Reading:
    """What every stage needs: the file for errors, the notes so far, and whether options may be suggested."""

    where: str
    notes: list[str]
    fixed: bool

    def row(self, index: int) -> str:
        return f"{self.where}: row {row_number(self.where, int(index))}"


@dataclass(frozen=True)
class _Rows:
    """The rows of the table while they are put in order: `index` is the row's place in the table."""

    code: NDArray[np.int64]
    time: Seconds
    values: Floats
    index: NDArray[np.int64]

    def take(self, keep: NDArray[Any]) -> _Rows:
        return _Rows(self.code[keep], self.time[keep], self.values[keep], self.index[keep])

    def same(self) -> NDArray[np.bool_]:
        """Whether each row and the next are of one series; (rows - 1,)."""
        same: NDArray[np.bool_] = np.diff(self.code) == 0
        return same


def regular_series(
    frame: pl.DataFrame,
    where: Path | str,
    *,
    time: str | None,
    columns: Sequence[str],
    series: str | None = None,
    step: Step | None = None,
    fixed: bool = False,
) -> Regular:
    """Read the series of a table.

    Args:
        frame: the table, as `read_table` gives it.
        where: its file, for errors.
        time: the time column; None counts the rows of each series as seconds, as they stand.
        columns: the columns of numbers, in the order in which they are wanted.
        series: the column that names the series of a long table.
        step: the distance between rows; None finds it from the times.
        fixed: columns and step come from a model's contract, so that errors suggest no options of `train`.

    Returns:
        the series in the order in which they first appear.

    Raises:
        UserError: a cell cannot be read, or the times are no regular grid; names the file, the row and what to do.
    """
    where = str(where)
    reading = _Reading(where, [], fixed)
    code, names = group_codes(frame, series, where, "series")
    if time is None:
        stamps = _count_rows(code)
        step = step or Step(seconds=1)
    else:
        stamps, found = time_column(frame, time, where)
        reading.notes.extend(found)
    values = np.empty((frame.height, len(columns)))
    for i, column in enumerate(columns):
        values[:, i], found = numeric_column(frame, column, where)
        reading.notes.extend(found)
    rows = _sorted(_Rows(code, stamps, values, np.arange(frame.height)), reading)
    if step is None:
        step, found = infer_step(rows.time, rows.same())
        reading.notes.extend(found)
        if step is None:
            raise UserError(
                f"{where}: the distance between rows cannot be told from the times; give it with --frequency"
            )
    rows = _on_grid(rows, step, reading)
    rows = _merged(rows, frame, series, time, reading)
    return Regular(_filled(rows, names, step, reading), step, tuple(reading.notes))


def wide_series(
    frame: pl.DataFrame,
    where: Path | str,
    *,
    time: str | None,
    columns: Sequence[str],
    shared: Sequence[str] = (),
    step: Step | None = None,
    fixed: bool = False,
) -> Regular:
    """Read a wide table: each of `columns` is a series of its own, beside `shared` columns that all of them have.

    Returns:
        one series for each of `columns`, named by it, with values of shape (rows, 1 + shared).
    """
    found = regular_series(frame, where, time=time, columns=[*columns, *shared], step=step, fixed=fixed)
    (only,) = found.series
    rest = only.values[:, len(columns) :]
    parts = [
        Series(name, only.time, np.concatenate([only.values[:, i : i + 1], rest], axis=1))
        for i, name in enumerate(columns)
    ]
    return Regular(tuple(parts), found.step, found.notes)


def _count_rows(code: NDArray[np.int64]) -> Seconds:
    """Number the rows of each series from 0, in the order in which they stand."""
    order = np.argsort(code, kind="stable")
    starts = np.flatnonzero(np.diff(code[order], prepend=-1))
    counts = np.arange(len(code)) - np.repeat(starts, np.diff(np.append(starts, len(code))))
    numbers = np.empty(len(code), dtype=np.int64)
    numbers[order] = counts
    return numbers


def _sorted(rows: _Rows, reading: _Reading) -> _Rows:
    order = np.lexsort((rows.time, rows.code))
    by_series = np.argsort(rows.code, kind="stable")
    moved = int((np.diff(rows.time[by_series])[np.diff(rows.code[by_series]) == 0] < 0).sum())
    if moved:
        reading.notes.append(f"sorted by time: {moved:,} row{'s' * (moved > 1)} stood after a later one")
    return rows.take(order)


def _on_grid(rows: _Rows, step: Step, reading: _Reading) -> _Rows:
    """Put each series on its grid, which starts at its first row; refuse rows that are not on it."""
    stamps = to_grid(rows.time, step)
    if step.months and not np.array_equal(stamps, rows.time):
        reading.notes.append(
            f"each time stands for its month ({step_text(step)} steps) and is shown as the first day of it"
        )
    size = step.months or step.seconds
    starts = _starts(rows.code)
    place = ticks(stamps, step)
    past = place - np.repeat(place[starts], np.diff(np.append(starts, len(place))))
    off = past % size
    if step.seconds and step.seconds % DAY == 0 and off.any():
        near = np.where(off > size // 2, off - size, off)
        if bool((np.abs(near) <= 3600).all()):
            moved = int((near != 0).sum())
            reading.notes.append(
                f"clock changes: {moved:,} times moved by up to an hour, back to the {step_text(step)} grid"
            )
            return _Rows(rows.code, stamps - near, rows.values, rows.index)
    bad = np.flatnonzero(off)
    if len(bad):
        _refuse_off_grid(rows, int(bad[np.argmin(rows.index[bad])]), len(bad), step, reading)
    return _Rows(rows.code, stamps, rows.values, rows.index)


def _refuse_off_grid(rows: _Rows, at: int, count: int, step: Step, reading: _Reading) -> None:
    first = int(np.searchsorted(rows.code, rows.code[at]))
    finest = int(np.gcd.reduce(np.diff(rows.time)[rows.same()]))
    advice = "correct the time, or delete the row"
    if reading.fixed:
        advice = f"the model was trained on rows {step_text(step)} apart: {advice}"
    elif step.seconds and 2 * count > len(rows.time):
        advice = "rows must be a fixed time apart: average or fill them onto a regular grid first, or give --frequency"
    elif step.seconds and finest and step.seconds % finest == 0 and step.seconds // finest <= _SPARSE:
        advice += f", or give --frequency {step_text(Step(seconds=finest))} (rows in between count as missing)"
    more = f" (and {count - 1:,} more rows)" if count > 1 else ""
    raise UserError(
        f"{reading.row(rows.index[at])}: {time_text(int(rows.time[at]))} is off the grid of "
        f"{step_text(step)} that starts at {time_text(int(rows.time[first]))}{more}; {advice}"
    )


def _starts(code: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.flatnonzero(np.diff(code, prepend=-1))


def _merged(rows: _Rows, frame: pl.DataFrame, series: str | None, time: str | None, reading: _Reading) -> _Rows:
    """Average rows of one series at one time, column by column, over the numbers there are."""
    fresh = np.append(True, (np.diff(rows.time) != 0) | ~rows.same())
    repeated = int((~fresh).sum())
    if not repeated:
        return rows
    at = int(rows.index[~fresh].min())
    if series is None and repeated >= _CROWDED * len(fresh):
        _refuse_long(frame, time, repeated, at, reading)
    first = np.flatnonzero(fresh)
    known = ~np.isnan(rows.values)
    count = np.add.reduceat(known, first, axis=0, dtype=np.int64)
    total = np.add.reduceat(np.where(known, rows.values, 0.0), first, axis=0)
    reading.notes.append(
        f"averaged {repeated:,} row{'s' * (repeated > 1)} that repeat{'s' * (repeated == 1)} the time of another row "
        f"(the first is row {row_number(reading.where, at)})"
    )
    return _Rows(
        rows.code[first],
        rows.time[first],
        np.where(count > 0, total / np.maximum(count, 1), np.nan),
        rows.index[first],
    )


def _refuse_long(frame: pl.DataFrame, time: str | None, repeated: int, at: int, reading: _Reading) -> None:
    names = [
        c
        for c in frame.columns
        if c != time and not is_numeric(frame.get_column(c)) and 1 < frame.get_column(c).n_unique() < frame.height
    ]
    which = f" (perhaps {' or '.join(repr(n) for n in names[:3])})" if names else ""
    advice = f"if the table holds several series, name the column that tells them apart with --series{which}, else "
    if reading.fixed:
        advice = f"the model was trained on one series: choose the rows of one{which}, or "
    raise UserError(
        f"{reading.row(at)}: repeats the time of another row, as do {repeated:,} of {frame.height:,} rows; {advice}"
        "leave one row for each time"
    )


def _filled(rows: _Rows, names: list[str], step: Step, reading: _Reading) -> tuple[Series, ...]:
    size = step.months or step.seconds
    starts = _starts(rows.code)
    ends = np.append(starts[1:], len(rows.code))
    tick = ticks(rows.time, step)
    place = (tick - np.repeat(tick[starts], ends - starts)) // size
    lengths = place[ends - 1] + 1
    total = int(lengths.sum())
    if total > _SPARSE * len(place) + 10_000:
        jump = np.where(rows.same(), np.diff(place), 0)
        at = int(jump.argmax())
        raise UserError(
            f"{reading.row(rows.index[at + 1])}: {time_text(int(rows.time[at + 1]))} leaves a gap of "
            f"{int(jump[at]) - 1:,} rows of {step_text(step)} after {time_text(int(rows.time[at]))}; correct the time"
            + ("" if reading.fixed else ", or give --frequency if rows are further apart")
        )
    offsets = np.cumsum(lengths) - lengths
    values = np.full((total, rows.values.shape[1]), np.nan)
    values[place + np.repeat(offsets, ends - starts)] = rows.values
    steps = np.arange(total) - np.repeat(offsets, lengths)
    grid = np.repeat(tick[starts], lengths) + steps * size
    grid = month_start(grid) if step.months else grid
    _note_gaps(rows, starts, lengths - (ends - starts), total, step, reading)
    return tuple(
        Series(names[int(rows.code[s])], grid[o : o + n], values[o : o + n])
        for s, o, n in zip(starts, offsets, lengths, strict=True)
    )


def _note_gaps(
    rows: _Rows, starts: NDArray[np.int64], gaps: NDArray[np.int64], total: int, step: Step, reading: _Reading
) -> None:
    missing = int(gaps.sum())
    if not missing:
        return
    across = f", in {int((gaps > 0).sum()):,} of {len(starts):,} series" if len(starts) > 1 else ""
    weekdays = step.seconds == DAY and len(rows.time) > 4 and bool(((rows.time // DAY + 3) % 7 < 5).all())
    why = "; rows fall on Monday to Friday only, so weekends are among them" if weekdays else ""
    reading.notes.append(f"{missing:,} of {total:,} rows were not there and count as missing{across}{why}")
