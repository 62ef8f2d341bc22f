"""Rows are put on the grid of their series; where they do not lie on it, a person is told what helps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract_clock import Clock, Step
from lstm_onnx.data.frequency import DAY, advance, infer_step, step_seconds, step_text, stride, ticks, to_grid
from lstm_onnx.data.gathering import jitter
from lstm_onnx.data.series_rows import SPARSE, SeriesRows, TableReading, begins
from lstm_onnx.errors import UserError

_ROUND = (1, 2, 5, 10, 15, 30, 60, 300, 900, 3600, 21600, DAY, 7 * DAY)
"""Seconds that rows without a fixed distance may be gathered by."""
_PARTS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""The same in milliseconds."""


def on_grid(rows: SeriesRows, step: Step, reading: TableReading, clock: Clock) -> SeriesRows:
    """Put each series on its grid, which starts at its first row; refuse rows that are not on it."""
    stamps = to_grid(rows.time, step)
    if step.months and clock.month_day == 1 and not clock.month_second and not np.array_equal(stamps, rows.time):
        reading.notes.append(
            f"each time stands for its month ({step_text(step)} steps) and is shown as the first day of it"
        )
    if step.sessions is not None:
        bad = np.flatnonzero(advance(stamps, step, 0) != stamps)
        if len(bad):
            _refuse_out_of_session(rows, int(bad[np.argmin(rows.index[bad])]), len(bad), step, reading)
        return rows
    size = stride(step)
    starts = begins(rows.code)
    place = ticks(stamps, step)
    past = place - np.repeat(place[starts], np.diff(np.append(starts, len(place))))
    off = past % size
    day = DAY * step.per_second
    if step.seconds and not step.counted and step.seconds % day == 0 and off.any():
        near = np.where(off > size // 2, off - size, off)
        if bool((np.abs(near) <= 3600 * step.per_second).all()):
            moved = int((near != 0).sum())
            reading.notes.append(
                f"clock changes: {moved:,} times moved by up to an hour, back to the {step_text(step)} grid"
            )
            return SeriesRows(rows.code, stamps - near, rows.values, rows.index)
    bad = np.flatnonzero(off)
    if len(bad):
        _refuse_off_grid(rows, int(bad[np.argmin(rows.index[bad])]), len(bad), step, reading)
    return SeriesRows(rows.code, stamps, rows.values, rows.index)


def _refuse_out_of_session(rows: SeriesRows, at: int, count: int, step: Step, reading: TableReading) -> None:
    more = f" (and {count - 1:,} more rows)" if count > 1 else ""
    kept = "the model knows rows" if reading.fixed else "there are rows"
    raise UserError(
        f"{reading.row(rows.index[at])}: {reading.at(int(rows.time[at]))} is out of session{more}: {kept} every "
        f"{step_text(step)} alone; correct the time, or delete the row"
    )


def _refuse_off_grid(rows: SeriesRows, at: int, count: int, step: Step, reading: TableReading) -> None:
    first = int(np.searchsorted(rows.code, rows.code[at]))
    more = f" (and {count - 1:,} more rows)" if count > 1 else ""
    raise UserError(
        f"{reading.row(rows.index[at])}: {reading.at(int(rows.time[at]))} is off the grid of "
        f"{step_text(step)} that starts at {reading.at(int(rows.time[first]))}{more}; "
        f"{_advice_off_grid(rows, count, step, reading)}"
    )


def _advice_off_grid(rows: SeriesRows, count: int, step: Step, reading: TableReading) -> str:
    """Say what helps: a finer step, moving stamps that jitter, gathering what is finer or has no grid at all."""
    distances = np.diff(rows.time)[rows.same()]
    finest = int(np.gcd.reduce(distances))
    common, _ = infer_step(rows.time, rows.same(), step.unit)
    often = 2 * count > len(rows.time)
    finer = common is not None and step.seconds and common.seconds and step.seconds > common.seconds
    if reading.fixed:
        advice = "correct the time, or delete the row"
        if finer and often and common is not None:
            return (
                f"the model takes a row every {step_text(step)}, and the table has one every {step_text(common)}: "
                f"average or add them up to {step_text(step)} first, or train with --resample {step_text(step)} mean"
            )
        if often:
            advice = f"bring them onto a grid of {step_text(step)} first, or train with --snap or --resample"
        return f"the model was trained on rows {step_text(step)} apart: {advice}"
    if step.counted or step.months:
        return "correct the time, or delete the row"
    if often and finer and common is not None and not (distances % common.seconds).any():
        text = step_text(step)
        each = f"--resample {text} mean (or sum, last) makes one of each {text}"
        return f"the table has a row every {step_text(common)}: {each}"
    near = jitter(rows.time // step.per_second, rows.same())
    if often and near is not None and step_seconds(step) >= near:
        text = step_text(Step(seconds=near))
        return f"if stamps come a little early or late, --snap {text} moves them to the nearest {text}"
    if often:
        wish = step if step_seconds(step) >= 60 else _usual(distances, step.per_second)
        text = step_text(wish)
        return f"rows have no fixed distance: --resample {text} mean (or sum, last) makes one row of each {text}"
    advice = "correct the time, or delete the row"
    if finest and step.seconds % finest == 0 and step.seconds // finest <= SPARSE:
        found = step_text(Step(seconds=finest, unit=step.unit))
        advice += f", or give --frequency {found} (rows in between count as missing)"
    return advice


def _usual(distances: NDArray[np.int64], per_second: int) -> Step:
    """Return a round distance that holds some rows.

    Args:
        distances: between neighbouring rows, in parts of a second.
        per_second: how many parts.
    """
    wish = 4 * float(np.median(distances)) / per_second
    if wish <= _PARTS[-1] / 1000 and per_second >= 1000:
        return Step(seconds=next(n for n in _PARTS if n >= 1000 * wish), unit="ms")
    return Step(seconds=next((n for n in _ROUND if n >= wish), _ROUND[-1]))
