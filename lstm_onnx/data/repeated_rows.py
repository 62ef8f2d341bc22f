"""Rows of one series at one time: made one row as a rule says, or refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.frequency import DAY, step_text
from lstm_onnx.data.gathering import Rules, gather, telling_columns
from lstm_onnx.data.series_rows import SeriesRows, TableReading
from lstm_onnx.data.tables import is_numeric, row_number
from lstm_onnx.data.timestamps import months_of
from lstm_onnx.errors import UserError


def merged(
    rows: SeriesRows,
    frame: pl.DataFrame,
    keys: Sequence[str],
    columns: Sequence[str],
    rules: Rules,
    reading: TableReading,
) -> SeriesRows:
    """Make one row of those of one series at one time, as the rules say; refuse them where no rule does."""
    fresh = np.append(True, (np.diff(rows.time) != 0) | ~rows.same())
    repeated = int((~fresh).sum())
    if not repeated:
        return rows
    how = rules.resample or rules.repeated
    at = int(rows.index[~fresh].min())
    if how is None and _is_autumn_hour(rows, fresh, reading):
        how = "mean"
        reading.notes.append(
            f"clock change: {repeated:,} row{'s' * (repeated > 1)} of an hour that comes twice when clocks go back "
            f"(the first is row {row_number(reading.where, at)}); both are averaged (--repeated says otherwise)"
        )
    elif how is None:
        _refuse_repeated(frame, keys, columns, repeated, at, reading)
    elif rules.resample:
        count, step = len(rows.time), reading.step
        assert step is not None
        verb = {"mean": "averages", "sum": "sums"}.get(how, f"the {how} values")
        reading.notes.append(f"{count:,} rows gathered to {int(fresh.sum()):,} {verb} of {step_text(step)}")
    else:
        verb = {"mean": "averaged", "sum": "added up"}.get(str(how), f"of which the {how} is kept:")
        reading.notes.append(
            f"{verb} {repeated:,} row{'s' * (repeated > 1)} that repeat{'s' * (repeated == 1)} the time of another row "
            f"(the first is row {row_number(reading.where, at)})"
        )
    assert how is not None
    first = np.flatnonzero(fresh)
    values = gather(rows.values, first, how, rules.totals)
    return SeriesRows(rows.code[first], rows.time[first], values, rows.index[first])


def _is_autumn_hour(rows: SeriesRows, fresh: NDArray[np.bool_], reading: TableReading) -> bool:
    """Whether all repeated rows are of the hour of a Sunday night that comes twice when clocks go back."""
    step = reading.step
    if step is None or step.counted or step.months or step.seconds >= DAY * step.per_second or step.sessions:
        return False
    seconds = rows.time[~fresh] // step.per_second
    month = months_of(seconds) % 12 + 1
    night = (seconds % DAY < 4 * 3600) & ((seconds // DAY + 3) % 7 == 6)
    autumn = np.isin(month, (10, 11)) | np.isin(month, (3, 4, 5))
    pairs = rows.code[~fresh] * 100_000 + seconds // DAY
    per_night = np.unique(pairs, return_counts=True)[1].max()
    return bool((night & autumn).all()) and int(per_night) * step.seconds <= 3600 * step.per_second


def _refuse_repeated(
    frame: pl.DataFrame, keys: Sequence[str], columns: Sequence[str], repeated: int, at: int, reading: TableReading
) -> None:
    times = len(frame)
    head = f"{reading.row(at)}: repeats the time of another row, as do {repeated:,} of {times:,} rows; "
    telling = telling_columns(frame, keys, ()) or [
        c
        for c in frame.columns
        if c not in keys and not is_numeric(frame.get_column(c)) and 1 < frame.get_column(c).n_unique() < frame.height
    ]
    which = f" (perhaps {' or '.join(repr(n) for n in telling[:3])})" if telling else ""
    if reading.fixed:
        raise UserError(
            f"{head}the model was trained on one row for each time: choose the rows of one series{which}, or leave one "
            "row for each time"
        )
    series = (
        f"if the table holds several series, name the column that tells them apart with --series{which}; "
        if telling
        else ""
    )
    raise UserError(
        f"{head}{series}else say what becomes of them: --repeated mean, sum (adds up the rows of each time), first or "
        "last"
    )
