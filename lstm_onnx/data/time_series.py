"""From a table to regular series: sorted, without gaps, one row for each step.

What is repaired is noted, one line for a person each: rows out of order are sorted, missing rows are filled with NaN,
stamps of months are taken as their month, and daily rows that a clock change moved by an hour are moved back. What
cannot be repaired without guessing is refused, unless a rule says what to do (`lstm_onnx.data.gathering`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract_clock import Clock, Step
from lstm_onnx.data.columns import group_rows
from lstm_onnx.data.frequency import (
    DAY,
    from_ticks,
    in_unit,
    infer_step,
    step_text,
    stride,
    ticks,
    to_grid,
)
from lstm_onnx.data.gathering import Rules, begins_of_steps, snapped, with_rules
from lstm_onnx.data.repeated_rows import merged
from lstm_onnx.data.series_grid import on_grid
from lstm_onnx.data.series_rows import SPARSE, SeriesRows, TableReading, begins
from lstm_onnx.data.sessions import infer_sessions, session_text
from lstm_onnx.data.tables import Floats, numeric_column
from lstm_onnx.data.times.reader import Stamps, decide_times, follow_times, in_units, unit_of
from lstm_onnx.data.timestamps import Seconds
from lstm_onnx.errors import UserError


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
    """All series of a table.

    Attributes:
        series: in the order in which they first appear.
        step: that they share.
        notes: what was repaired, a line each.
        clock: how the table writes times, and what was done with irregular rows.
        ids: the columns that tell series apart as they were, a row for each series; None where nothing names them.
    """

    series: tuple[Series, ...]
    step: Step
    notes: tuple[str, ...]
    clock: Clock
    ids: pl.DataFrame | None = None


def regular_series(
    frame: pl.DataFrame,
    where: Path | str,
    *,
    time: str | Sequence[str] | None,
    columns: Sequence[str],
    series: str | Sequence[str] | None = None,
    step: Step | None = None,
    fixed: bool = False,
    clock: Clock | None = None,
    words: Sequence[str] = (),
    zone: str | None = None,
    rules: Rules | None = None,
) -> Regular:
    """Read the series of a table.

    Args:
        frame: the table, as `read_table` gives it.
        where: its file, for errors.
        time: the column of times, or those that say it together; None counts the rows of each series as they stand.
        columns: the columns of numbers, in the order in which they are wanted.
        series: the columns that name the series of a long table.
        step: the distance between rows; None finds it from the times.
        fixed: columns and step come from a model's contract, so that errors suggest no options of `train`.
        clock: how times are written, from a model's contract; None decides it.
        words: what a person says of how times are written, as for `--time-format`.
        zone: what a person says of their zone.
        rules: what is done with rows that do not lie on a grid; None refuses them, but for a file of old, which says
            nothing of its clock: there rows of one time are averaged.

    Returns:
        the series in the order in which they first appear.

    Raises:
        UserError: a cell cannot be read, or the times are no regular grid; names the file, the row and what to do.
    """
    where = str(where)
    reading = TableReading(where, [], fixed, step)
    keys = (series,) if isinstance(series, str) else tuple(series or ())
    groups = group_rows(frame, keys, where, "series")
    times = (time,) if isinstance(time, str) else tuple(time or ())
    counted = not times if clock is None else not clock.columns
    if counted:
        stamps = _counted(groups.code, step.counted if step is not None else not fixed)
    elif clock is not None:
        stamps = follow_times(frame, clock, step.unit if step is not None else None, where)
    else:
        stamps = decide_times(frame, times, where, words=words, zone=zone)
        if fixed:  # a file that says nothing of its clock counts times with a zone in UTC
            stamps = replace(stamps, time=stamps.instant)
    reading.notes.extend(stamps.notes)
    values = np.empty((frame.height, len(columns)))
    for i, column in enumerate(columns):
        values[:, i], found = numeric_column(frame, column, where)
        reading.notes.extend(found)
    if rules is None:
        rules = Rules(repeated="mean" if fixed and clock is None else None)
    micros, step = _moved(stamps, step, rules, reading)
    if counted and step is None:
        step = Step(seconds=1, unit=stamps.unit)
    if step is not None and fixed:
        unit = step.unit
    else:
        unit = stamps.unit if (stamps.unit or "").startswith("step") else unit_of(micros)
        step = in_unit(step, unit) if step is not None else None
        unit = step.unit if step is not None else unit
    rows = _sorted(SeriesRows(groups.code, in_units(micros, unit), values, np.arange(frame.height)), reading)
    if step is None:
        step, found = infer_step(rows.time, rows.same(), unit)
        reading.notes.extend(found)
        if step is None:
            raise UserError(
                f"{where}: the distance between rows cannot be told from the times; give it with --frequency"
            )
        step = _with_sessions(rows, step, reading)
    reading.step = step
    here = _month_day(stamps, micros, clock, step) if step.months else stamps.clock
    if fixed:
        _refuse_coarse(rows, step, reading)
    rows = on_grid(rows, step, reading, here)
    rows = merged(rows, frame, (*keys, *times), columns, rules, reading)
    series_found = _filled(rows, groups.names, step, reading, rules)
    here = here if clock is not None else with_rules(here, rules)
    return Regular(series_found, step, tuple(reading.notes), here, groups.ids)


def _counted(code: NDArray[np.int64], by_number: bool) -> Stamps:
    """Count rows by their number, or as seconds, as files did that say nothing of it."""
    numbers = _count_rows(code) * (1 if by_number else 1_000_000)
    return Stamps(numbers, Clock(columns=(), forms=()), "step" if by_number else None, (), numbers)


def _moved(stamps: Stamps, step: Step | None, rules: Rules, reading: TableReading) -> tuple[Seconds, Step | None]:
    """Move times as the rules say: to multiples of some seconds, or to the beginning of the step that they lie in."""
    micros = stamps.time
    dated = stamps.unit is None or not stamps.unit.startswith("step")
    if rules.snap is not None:
        if not dated:
            raise UserError(f"{reading.where}: --snap moves times, and these rows have none; leave it out")
        micros, note = snapped(micros, rules.snap)
        reading.notes.extend([note] if note else [])
    if rules.resample is not None:
        if step is None or not dated:
            raise UserError(f"{reading.where}: --resample gathers the rows of a step of time, such as 1h; give it one")
        micros = begins_of_steps(micros, step)
    return micros, step


def _with_sessions(rows: SeriesRows, step: Step, reading: TableReading) -> Step:
    """Add when there are rows at all, where that is not always."""
    sessions = infer_sessions(rows.time, step)
    if sessions is None:
        return step
    found = Step(seconds=step.seconds, unit=step.unit, sessions=sessions)
    reading.notes.append(
        f"rows are those of {session_text(found)} alone, and so are the forecasts (--frequency {step_text(step)} takes "
        "all other times for missing rows)"
    )
    return found


def _month_day(stamps: Stamps, micros: Seconds, clock: Clock | None, step: Step) -> Clock:
    """Find the day that stands for a month, and the time of that day."""
    dates = micros.astype("datetime64[us]").astype("datetime64[D]").astype(np.int64)
    months = dates.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    day = dates - months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + 1
    last = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1
    length = last - months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + 1
    if clock is not None and bool((day == np.minimum(clock.month_day, length)).all()):
        return stamps.clock
    usual = 31 if bool((day == length).all()) else int(day.max())
    second = np.unique(micros // 1_000_000 - dates * DAY)
    if bool((day == np.minimum(usual, length)).all()) and len(second) == 1:
        return stamps.clock.model_copy(update={"month_day": usual, "month_second": int(second[0])})
    return stamps.clock


def _refuse_coarse(rows: SeriesRows, step: Step, reading: TableReading) -> None:
    """Refuse a table whose rows all lie further apart than those that the model knows."""
    distance = np.diff(ticks(to_grid(rows.time, step), step))[rows.same()]
    distance = distance[distance > 0]
    if len(distance) > 1 and int(distance.min()) >= 2 * stride(step):
        found, _ = infer_step(rows.time, rows.same(), step.unit)
        shown = step_text(found) if found is not None else ""
        raise UserError(
            f"{reading.where}: the model takes a row every {step_text(step)}, and the table has one every {shown}; "
            "give it a table as fine as the one that it learnt from"
        )


def wide_series(
    frame: pl.DataFrame,
    where: Path | str,
    *,
    time: str | Sequence[str] | None,
    columns: Sequence[str],
    shared: Sequence[str] = (),
    step: Step | None = None,
    fixed: bool = False,
    clock: Clock | None = None,
    words: Sequence[str] = (),
    zone: str | None = None,
    rules: Rules | None = None,
) -> Regular:
    """Read a wide table: each of `columns` is a series of its own, beside `shared` columns that all of them have.

    Returns:
        one series for each of `columns`, named by it, with values of shape (rows, 1 + shared).
    """
    found = regular_series(
        frame,
        where,
        time=time,
        columns=[*columns, *shared],
        step=step,
        fixed=fixed,
        clock=clock,
        words=words,
        zone=zone,
        rules=rules if rules is None else replace(rules, totals=range(len(columns))),
    )
    (only,) = found.series
    rest = only.values[:, len(columns) :]
    parts = [
        Series(name, only.time, np.concatenate([only.values[:, i : i + 1], rest], axis=1))
        for i, name in enumerate(columns)
    ]
    return Regular(tuple(parts), found.step, found.notes, found.clock)


def _count_rows(code: NDArray[np.int64]) -> Seconds:
    """Number the rows of each series from 0, in the order in which they stand."""
    order = np.argsort(code, kind="stable")
    starts = begins(code[order])
    counts = np.arange(len(code)) - np.repeat(starts, np.diff(np.append(starts, len(code))))
    numbers = np.empty(len(code), dtype=np.int64)
    numbers[order] = counts
    return numbers


def _sorted(rows: SeriesRows, reading: TableReading) -> SeriesRows:
    order = np.lexsort((rows.time, rows.code))
    by_series = np.argsort(rows.code, kind="stable")
    moved = int((np.diff(rows.time[by_series])[np.diff(rows.code[by_series]) == 0] < 0).sum())
    if moved:
        reading.notes.append(f"sorted by time: {moved:,} row{'s' * (moved > 1)} stood after a later one")
    return rows.take(order)


def _filled(rows: SeriesRows, names: list[str], step: Step, reading: TableReading, rules: Rules) -> tuple[Series, ...]:
    size = stride(step)
    starts = begins(rows.code)
    ends = np.append(starts[1:], len(rows.code))
    tick = ticks(rows.time, step)
    place = (tick - np.repeat(tick[starts], ends - starts)) // size
    lengths = place[ends - 1] + 1
    total = int(lengths.sum())
    if total > SPARSE * len(place) + 10_000:
        jump = np.where(rows.same(), np.diff(place), 0)
        at = int(jump.argmax())
        raise UserError(
            f"{reading.row(rows.index[at + 1])}: {reading.at(int(rows.time[at + 1]))} leaves a gap of "
            f"{int(jump[at]) - 1:,} rows of {step_text(step)} after {reading.at(int(rows.time[at]))}; correct the time"
            + ("" if reading.fixed else ", or give --frequency if rows are further apart")
        )
    offsets = np.cumsum(lengths) - lengths
    values = np.full((total, rows.values.shape[1]), np.nan)
    values[place + np.repeat(offsets, ends - starts)] = rows.values
    steps = np.arange(total) - np.repeat(offsets, lengths)
    grid = np.repeat(tick[starts], lengths) + steps * size
    grid = from_ticks(grid, step)
    if rules.resample == "sum" and total > len(place):  # a step without a transaction has a sum, and it is 0
        _add_nothing(values, place + np.repeat(offsets, ends - starts), rules, reading)
    else:
        _note_gaps(rows, starts, lengths - (ends - starts), total, step, reading)
    return tuple(
        Series(names[int(rows.code[s])], grid[o : o + n], values[o : o + n])
        for s, o, n in zip(starts, offsets, lengths, strict=True)
    )


def _add_nothing(values: Floats, there: NDArray[np.int64], rules: Rules, reading: TableReading) -> None:
    empty = np.ones(len(values), dtype=np.bool_)
    empty[there] = False
    totals = range(values.shape[1]) if rules.totals is None else rules.totals
    for column in totals:
        values[empty, column] = 0.0
    reading.notes.append(f"{int(empty.sum()):,} of {len(values):,} steps without a row count as a sum of 0")


def _note_gaps(
    rows: SeriesRows, starts: NDArray[np.int64], gaps: NDArray[np.int64], total: int, step: Step, reading: TableReading
) -> None:
    missing = int(gaps.sum())
    if not missing:
        return
    across = f", in {int((gaps > 0).sum()):,} of {len(starts):,} series" if len(starts) > 1 else ""
    weekdays = step == Step(seconds=DAY) and len(rows.time) > 4 and bool(((rows.time // DAY + 3) % 7 < 5).all())
    why = "; rows fall on Monday to Friday only, so weekends are among them" if weekdays else ""
    reading.notes.append(f"{missing:,} of {total:,} rows were not there and count as missing{across}{why}")
