"""Writing times as a person's table writes them."""

from __future__ import annotations

import numpy as np
import polars as pl

from lstm_onnx.contract_clock import Clock, Step
from lstm_onnx.data.times.fields import DAY, SECOND, Whole, month_days
from lstm_onnx.data.times.numbers import UNIX, write_number
from lstm_onnx.data.times.patterns import write_pattern
from lstm_onnx.data.times.reader import in_micros
from lstm_onnx.data.times.zones import LOCAL, offsets_at, zoned

_TYPED_TEXT = ("%Y-%m-%d %H:%M:%S",)
"""Forms of text that tables of answers hold as times, which files show so."""
_ROW = "row"


def write_times(time: Whole, clock: Clock, step: Step | None, header: str | None = None) -> dict[str, pl.Series]:
    """Return the columns that say these times, as the table writes them.

    Args:
        time: as a graph counts it (rows,).
        clock: how the table writes times.
        step: the distance between rows: its unit, and whether times stand for months.
        header: of the column where there is one alone; None takes its own name.
    """
    if not clock.columns:
        return {header or _ROW: pl.Series(time)}
    unit = step.unit if step is not None else None
    decimals = len(unit) - len("step/1") if unit is not None and unit.startswith("step/") else 0
    micros = in_micros(time, unit)
    if step is not None and step.months:
        micros = on_month_day(micros, clock)
    if len(clock.columns) == 1:
        return {header or clock.columns[0]: _one(micros, clock, clock.forms[0], decimals)}
    return {c: _part(micros, clock, form) for c, form in zip(clock.columns, clock.forms, strict=True)}


def write_time(time: int, clock: Clock, step: Step | None) -> str | int | float | dict[str, str | int | float]:
    """Return one time as a row of JSON has it: what its column says, or its columns by name."""
    columns = write_times(np.array([time], dtype=np.int64), clock, step)
    cells = {name: _plain(cell[0]) for name, cell in columns.items()}
    return cells if len(cells) > 1 else next(iter(cells.values()))


def on_month_day(micros: Whole, clock: Clock) -> Whole:
    """Move the beginnings of months to the day that stands for the month in the table."""
    months = micros.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    last = month_days(months + 1) - 1
    days = np.minimum(month_days(months) + clock.month_day - 1, last)
    found: Whole = days * DAY + clock.month_second * SECOND
    return found


def _plain(cell: object) -> str | int | float:
    return cell if isinstance(cell, int | float | str) else str(cell)


def _one(micros: Whole, clock: Clock, form: str, decimals: int) -> pl.Series:
    if form in UNIX or form in ("excel", "steps"):
        return write_number(micros, form, decimals, 10 if form == "excel" else max(decimals, 6))
    if form == "date" or (form == "%Y-%m-%d" and not (micros % DAY).any()):
        return pl.Series(micros).cast(pl.Datetime("us")).cast(pl.Date)
    if form == "datetime":
        if clock.zone is None or clock.zone == LOCAL:
            return pl.Series(micros).cast(pl.Datetime("us"))
        return zoned(micros, clock.zone)
    if form in _TYPED_TEXT and clock.zone is None and not (micros % SECOND).any():
        return pl.Series(micros).cast(pl.Datetime("us"))
    return _text(micros, clock, form)


def _text(micros: Whole, clock: Clock, form: str) -> pl.Series:
    offset = offsets_at(micros, clock.zone)
    if offset is None:  # nobody knows the offsets to come
        for token in ("%:z", "%z", "%-z", "%Z"):
            form = form.replace(token, "").rstrip()
    texts = write_pattern(micros, _long_enough(micros, form), offset)
    if texts and all(t.isdigit() and (t[0] != "0" or len(t) == 1) for t in texts):
        return pl.Series([int(t) for t in texts], dtype=pl.Int64)
    return pl.Series(texts, dtype=pl.String)


def _long_enough(micros: Whole, form: str) -> str:
    """Add what a form leaves out, where these times have it: a time of day, seconds."""
    if "%d" in form.replace("%-d", "%d") and not ("%H" in form.replace("%-H", "%H") or "I" in form):
        if (micros % DAY).any():
            return form + (" %H:%M:%S" if (micros % (60 * SECOND)).any() else " %H:%M")
    elif ":%M" in form and ":%S" not in form and (micros % (60 * SECOND)).any():
        return form.replace(":%M", ":%M:%S", 1)
    return form


def _part(micros: Whole, clock: Clock, form: str) -> pl.Series:
    moment = np.mod(micros, DAY)
    if form == "hour-1":
        return pl.Series(moment // (3600 * SECOND) + 1)
    if form == "period":
        return pl.Series(moment // ((clock.period or 3600) * SECOND) + 1)
    if form == "time":
        return pl.Series(moment * 1000).cast(pl.Time)
    if form in ("date", "datetime", "%Y-%m-%d"):
        days = pl.Series(micros - moment).cast(pl.Datetime("us"))
        return days if form == "datetime" else days.cast(pl.Date)
    if form == "%H%M":
        return pl.Series(moment // (3600 * SECOND) * 100 + moment // (60 * SECOND) % 60)
    if form in UNIX or form in ("excel", "steps"):
        return write_number(micros - moment, form, 0, 6)
    texts = write_pattern(micros, form)
    if all(t.isdigit() and (t[0] != "0" or len(t) == 1) for t in texts):
        return pl.Series([int(t) for t in texts], dtype=pl.Int64)
    return pl.Series(texts, dtype=pl.String)
