"""Rows that do not lie on a grid: stamps that jitter, several rows within a step, several rows of one time.

What is done with them is said once, kept in the contract's clock, and done with every table after it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract_clock import Clock, Gather, Step
from lstm_onnx.data.sessions import session_ticks, session_times
from lstm_onnx.data.times.fields import DAY, SECOND, Whole

Floats = NDArray[np.float64]
GATHERS: tuple[Gather, ...] = ("mean", "sum", "first", "last")
_NICE = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400)
_JITTER = 0.25
_MOSTLY = 0.95


@dataclass(frozen=True)
class Rules:
    """What is done with rows that do not lie on a grid; None refuses them.

    Attributes:
        snap: seconds to whose multiples times are moved.
        resample: what becomes of all rows within a step.
        repeated: what becomes of rows of one series at one time.
        totals: columns that `sum` adds up, by position; others are averaged. None adds up all.
    """

    snap: int | None = None
    resample: Gather | None = None
    repeated: Gather | None = None
    totals: Collection[int] | None = None


def snapped(micros: Whole, seconds: int) -> tuple[Whole, str | None]:
    """Move times to the nearest multiples of so many seconds, and say how far they were."""
    unit = seconds * SECOND
    found: Whole = (micros + unit // 2) // unit * unit
    distance = np.abs(found - micros)
    moved = int((distance > 0).sum())
    if not moved:
        return found, None
    return found, f"{moved:,} of {len(micros):,} times moved, by up to {distance.max() / SECOND:g} s (--snap)"


def begins_of_steps(micros: Whole, step: Step) -> Whole:
    """Return the beginning of the step that each time lies in; weeks begin on Monday."""
    if step.sessions is not None:
        units = micros // (SECOND // step.per_second)
        return session_times(session_ticks(units, step), step) * (SECOND // step.per_second)
    if step.months:
        months = micros.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
        return (months // step.months * step.months).astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
    unit = step.seconds * (SECOND // step.per_second)
    shift = 3 * DAY if unit % (7 * DAY) == 0 else 0
    found: Whole = (micros + shift) // unit * unit - shift
    return found


def gather(values: Floats, first: NDArray[np.int64], how: Gather, totals: Collection[int] | None) -> Floats:
    """Make one row of each run of rows, column by column, over the numbers there are; NaN where there are none.

    Args:
        values: (rows, columns).
        first: the row at which each run begins, ascending.
        how: what becomes of the rows of a run.
        totals: columns that `sum` adds up; others are averaged.
    """
    known = ~np.isnan(values)
    count = np.add.reduceat(known, first, axis=0, dtype=np.int64)
    if how in ("first", "last"):
        rows = np.arange(len(values))[:, None]
        place = np.where(known, rows, len(values) if how == "first" else -1)
        chosen = (np.minimum if how == "first" else np.maximum).reduceat(place, first, axis=0)
        found = np.take_along_axis(values, np.clip(chosen, 0, len(values) - 1), axis=0)
        return np.where(count > 0, found, np.nan)
    total = np.add.reduceat(np.where(known, values, 0.0), first, axis=0)
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    if how == "mean":
        return mean
    added = np.ones(values.shape[1], dtype=np.bool_)
    if totals is not None:
        added = np.isin(np.arange(values.shape[1]), list(totals))
    return np.where(added & (count > 0), total, mean)


def with_rules(clock: Clock, rules: Rules) -> Clock:
    """Keep in a clock what is done with irregular rows."""
    return clock.model_copy(update={"snap": rules.snap, "resample": rules.resample, "repeated": rules.repeated})


def rules_of(clock: Clock, totals: Collection[int] | None) -> Rules:
    """Return what a clock says of irregular rows."""
    return Rules(clock.snap, clock.resample, clock.repeated, totals)


def jitter(time: NDArray[np.int64], same: NDArray[np.bool_]) -> int | None:
    """Return the seconds that times lie apart but for a little, if they do.

    Args:
        time: in seconds, sorted within each series.
        same: (rows - 1,), whether a row and the next are of one series.
    """
    distance = np.diff(time)[same]
    distance = distance[distance > 0]
    if len(distance) < 3:
        return None
    median = float(np.median(distance))
    nice = min(_NICE, key=lambda n: abs(n - median))
    off = np.abs((time + nice // 2) % nice - nice // 2)
    return nice if abs(nice - median) <= _JITTER * nice and float((off <= _JITTER * nice).mean()) >= _MOSTLY else None


def telling_columns(frame: pl.DataFrame, keys: Sequence[str], others: Collection[str]) -> list[str]:
    """Name the columns each of which tells rows apart that are alike in the keys: the series that nobody named."""
    found = []
    for column in frame.columns:
        cells = frame.get_column(column)
        if column in (*keys, *others) or cells.dtype.is_float() or cells.dtype.is_nested() or cells.n_unique() < 2:
            continue
        whole = cells.dtype != pl.String or cells.cast(pl.Float64, strict=False).fill_null(0.5).round(0).n_unique()
        if whole and not frame.select([*keys, column]).is_duplicated().any() and cells.n_unique() < frame.height:
            found.append(column)
    return found
