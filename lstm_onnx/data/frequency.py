"""The distance between two rows: its names, finding it from the times, and going ahead by it.

A step is a number of seconds or of calendar months. The stamps of a calendar grid (months, quarters, years) stand for
whole months and are kept as the first day of their month, 00:00 UTC: 31 January and 1 January are both January.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Step
from lstm_onnx.data.timestamps import Seconds, month_start, months_of
from lstm_onnx.errors import UserError

DAY = 86400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_MONTHS = {"mo": 1, "q": 3, "y": 12}
_SPELLINGS = {
    "sec": "s", "second": "s", "seconds": "s", "min": "m", "t": "m", "minute": "m", "minutes": "m", "hour": "h",
    "hours": "h", "hourly": "h", "day": "d", "days": "d", "daily": "d", "week": "w", "weeks": "w", "weekly": "w",
    "mon": "mo", "month": "mo", "months": "mo", "monthly": "mo", "ms": "mo", "me": "mo", "quarter": "q",
    "quarters": "q", "quarterly": "q", "qs": "q", "qe": "q", "a": "y", "year": "y", "years": "y", "yearly": "y",
    "annual": "y", "ys": "y", "ye": "y",
}  # fmt: skip
_EXAMPLES = "such as 15m, 1h, 1d, 1w, 1mo, 1q or 1y"


def parse_step(text: str) -> Step:
    """Read a frequency such as `15m`, `1h`, `1d`, `1w`, `1mo`, `1q`, `1y`, or without a number `h`, `D`, `M`.

    A capital `M` is a month and a small `m` a minute; other units may be written either way, in full or as pandas does.

    Raises:
        UserError: it is none of these.
    """
    match = re.fullmatch(r"\s*(\d*)\s*([A-Za-z]+)\s*", text)
    if not match or (match[1] and int(match[1]) == 0):
        raise UserError(f"'{text}' is no frequency; write it {_EXAMPLES}")
    count, name = int(match[1] or 1), match[2]
    if name.lower() in ("b", "bd", "business"):
        raise UserError(f"'{text}': business days are not a regular grid; use 1d, and weekends count as missing")
    unit = "mo" if name == "M" else _SPELLINGS.get(name.lower(), name.lower())
    if unit in _MONTHS:
        return Step(months=count * _MONTHS[unit])
    if unit in _SECONDS:
        return Step(seconds=count * _SECONDS[unit])
    raise UserError(f"'{text}' is no frequency; write it {_EXAMPLES}")


def step_text(step: Step) -> str:
    """Write a step as `parse_step` reads it, in its largest whole unit: `15m`, `1h`, `1w`, `1q`."""
    size, units = (step.months, _MONTHS) if step.months else (step.seconds, _SECONDS)
    unit = max((u for u in units if size % units[u] == 0), key=lambda u: units[u])
    return f"{size // units[unit]}{unit}"


def to_grid(time: Seconds, step: Step) -> Seconds:
    """Return the times as they stand on the step's grid: unchanged, or for calendar steps the start of their month."""
    return month_start(months_of(time)) if step.months else time


def ticks(time: Seconds, step: Step) -> Seconds:
    """Return times as whole numbers that a step raises by `step.months or step.seconds`: months, or seconds."""
    return months_of(time) if step.months else time


def advance(time: Seconds, step: Step, k: Seconds | int) -> Seconds:
    """Return the time `k` steps after (before, if negative) each time; `time` and `k` broadcast.

    For calendar steps the result is the first of its month, 00:00 UTC, wherever in the month `time` stands.
    """
    if step.months:
        return month_start(months_of(time) + step.months * np.asarray(k, dtype=np.int64))
    return np.asarray(time, dtype=np.int64) + step.seconds * np.asarray(k, dtype=np.int64)


def infer_step(time: Seconds, same: NDArray[np.bool_]) -> tuple[Step | None, tuple[str, ...]]:
    """Find the step from sorted times.

    It is the most common distance between neighbours; months, quarters and years are recognised by their stamps (the
    same day of each month, counted from its start or at its end), or where distances of 28 to 31 days (89 to 92, 365 to
    366) are the rule.

    Args:
        time: unix seconds (rows,), sorted within each series.
        same: (rows - 1,), whether a row and the next are of one series.

    Returns:
        the step, None if no two rows of a series differ in time; and notes for a person.
    """
    distance = np.diff(time)[same]
    distance = distance[distance > 0]
    if not len(distance):
        return None, ()
    common = _most_common(distance)
    if common < 28 * DAY:
        return Step(seconds=common), ()
    jumps = np.diff(months_of(time))[same]
    jumps = jumps[jumps > 0]
    if len(jumps) and _stamps_are_calendar(time):
        return Step(months=_most_common(jumps)), ()
    if bool((distance % common == 0).all()):
        return Step(seconds=common), ()
    months = round(float(np.median(distance)) / (30.4375 * DAY))
    if len(jumps) == len(distance) and abs(float(np.median(distance)) - months * 30.4375 * DAY) < 3 * DAY:
        return Step(months=months), ("times fall on different days of the month; each row stands for its whole month",)
    return Step(seconds=common), ()


def _most_common(values: Seconds) -> int:
    found, counts = np.unique(values, return_counts=True)
    return int(found[counts.argmax()])


def _stamps_are_calendar(time: Seconds) -> bool:
    """Whether all times are one day of the month (or the last, where the month is shorter) at one time of day."""
    months = months_of(time)
    start = month_start(months)
    day, last = (time - start) // DAY, (month_start(months + 1) - start) // DAY - 1
    return bool((day == np.minimum(day.max(), last)).all()) and len(np.unique(time % DAY)) == 1
