"""Rows that exist on some days of the week only, or at some hours: business days, shops, trading hours.

Such a step counts rows that exist: the row after Friday's last is Monday's first.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract_clock import Sessions, Step

Whole = NDArray[np.int64]
_DAY = 86_400
_LEAST_WEEKS = 3
"""So often a day of the week has to come by without a row before it is taken for closed."""
_FILLED = 0.6
"""Share of the rows of open days that has to be there."""
_MOST_OF_DAY = 0.9
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def session_ticks(time: Whole, step: Step) -> Whole:
    """Number the rows that there may be: that at each time, or the last one before it."""
    sessions = _of(step)
    day = _DAY * step.per_second
    days, within = np.floor_divide(time, day), np.mod(time, day)
    is_open, before = _week(sessions)
    weekday = np.mod(days + 3, 7)
    slot = np.clip((within - sessions.first) // step.seconds, -1, sessions.rows - 1)
    slot = np.where(is_open[weekday], slot, -1)
    index = np.floor_divide(days + 3, 7) * len(sessions.days) + before[weekday]
    ticks: Whole = index * sessions.rows + slot
    return ticks


def session_times(ticks: Whole, step: Step) -> Whole:
    """Return the times of rows by their number, as `session_ticks` counts them."""
    sessions = _of(step)
    index, slot = np.floor_divide(ticks, sessions.rows), np.mod(ticks, sessions.rows)
    week, place = np.floor_divide(index, len(sessions.days)), np.mod(index, len(sessions.days))
    days = week * 7 + np.array(sessions.days, dtype=np.int64)[place] - 3
    times: Whole = days * _DAY * step.per_second + sessions.first + slot * step.seconds
    return times


def infer_sessions(time: Whole, step: Step) -> Sessions | None:
    """Find the days of the week, and the hours, at which all rows are; None where that is always.

    Args:
        time: of all rows, as the step counts it.
        step: the distance between rows within a session.
    """
    day = _DAY * step.per_second
    if step.months or step.counted or day % step.seconds or bool((time % step.seconds != time[0] % step.seconds).any()):
        return None
    days = _distinct(time // day)
    span = np.arange(days[0], days[-1] + 1)
    passed = np.bincount((span + 3) % 7, minlength=7)
    seen = np.bincount((days + 3) % 7, minlength=7)
    is_open = (seen > 0) | (passed < _LEAST_WEEKS)
    slots, full = _distinct(time % day // step.seconds), day // step.seconds
    count, hours = int(slots[-1] - slots[0]) + 1, full > 1
    open_days = int(is_open[(span + 3) % 7].sum())
    whole_day = not hours or count > _MOST_OF_DAY * full or len(days) < 5
    rows, first = (full, 0) if whole_day else (count, int(slots[0]))
    there = len(_distinct(time))
    if not whole_day and there < _FILLED * open_days * rows:
        whole_day, rows, first = True, full, 0
    if is_open.all() and whole_day:
        return None
    if there < _FILLED * open_days * rows * (0.5 if whole_day and hours else 1):
        return None
    start = int(time[0] % step.seconds) + first * step.seconds
    return Sessions(days=tuple(int(d) for d in np.flatnonzero(is_open)), first=start, rows=int(rows))


def session_text(step: Step) -> str:
    """Write when there are rows, as `--frequency` takes it after the distance: `mon-fri 09:30-16:00`."""
    sessions = _of(step)
    last = sessions.first + (sessions.rows - 1) * step.seconds
    text = ",".join(_runs(sessions.days))
    whole = sessions.rows * step.seconds == _DAY * step.per_second
    if whole and sessions.first % (_DAY * step.per_second) == 0:
        return text
    first = _clock(sessions.first, step)
    return f"{text} {first}" if sessions.rows == 1 else f"{text} {first}-{_clock(last, step)}"


def parse_sessions(text: str, step: Step) -> Sessions:
    """Read what `session_text` writes.

    Raises:
        ValueError: it is something else.
    """
    days_text, _, hours = text.strip().lower().partition(" ")
    days: list[int] = []
    for run in days_text.split(","):
        first, _, last = run.partition("-")
        low, high = WEEKDAYS.index(first[:3]), WEEKDAYS.index((last or first)[:3])
        days += range(low, high + 1) if low <= high else [*range(low, 7), *range(high + 1)]
    day = _DAY * step.per_second
    begin, end = 0, day - step.seconds
    if hours:
        opens, _, closes = hours.strip().partition("-")
        begin = _seconds(opens) * step.per_second
        end = _seconds(closes) * step.per_second if closes else begin
    if end < begin or (end - begin) % step.seconds:
        raise ValueError(text)
    return Sessions(days=tuple(sorted(set(days))), first=begin, rows=(end - begin) // step.seconds + 1)


def _distinct(values: Whole) -> Whole:
    """Return the values, each once, ascending; NumPy's own way takes seconds for a million of them."""
    return pl.Series(values).unique().sort().to_numpy()


def _of(step: Step) -> Sessions:
    assert step.sessions is not None
    return step.sessions


def _week(sessions: Sessions) -> tuple[NDArray[np.bool_], Whole]:
    """Whether each day of the week is open, and how many open ones are before it."""
    is_open = np.isin(np.arange(7), sessions.days)
    return is_open, (np.cumsum(is_open) - is_open).astype(np.int64)


def _runs(days: tuple[int, ...]) -> list[str]:
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [WEEKDAYS[r[0]] if len(r) == 1 else f"{WEEKDAYS[r[0]]}-{WEEKDAYS[r[-1]]}" for r in runs]


def _clock(time: int, step: Step) -> str:
    second = time // step.per_second
    text = f"{second // 3600:02d}:{second // 60 % 60:02d}"
    return text + (f":{second % 60:02d}" if second % 60 else "")


def _seconds(text: str) -> int:
    parts = [int(p) for p in text.split(":")]
    return sum(p * size for p, size in zip(parts, (3600, 60, 1), strict=False))
