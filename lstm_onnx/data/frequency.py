"""The distance between two rows: its names, finding it from the times, and going ahead by it.

A step is a number of seconds or of calendar months. The stamps of a calendar grid (months, quarters, years) stand for
whole months and are kept as the first day of their month, 00:00 UTC: 31 January and 1 January are both January.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Step
from lstm_onnx.data.sessions import parse_sessions, session_text, session_ticks, session_times
from lstm_onnx.data.timestamps import Seconds, month_start, months_of, time_text
from lstm_onnx.errors import UserError

DAY = 86400
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": DAY, "w": 7 * DAY}
_PARTS = ("ms", "us")
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
    """Read a frequency such as `15m`, `1h`, `1d`, `1w`, `1mo`, `1q`, `1y`, `100ms`, or without a number `h`, `D`, `M`.

    A capital `M` is a month and a small `m` a minute; other units may be written either way, in full or as pandas does.
    `b` is every business day; `5m mon-fri 09:30-16:00` says when there are rows; `1 step` counts them.

    Raises:
        UserError: it is none of these.
    """
    distance, sessions = text, ""
    if (found := re.fullmatch(r"\s*(\d*\s*[A-Za-z]+)\s+((?:mon|tue|wed|thu|fri|sat|sun)\b.*)", text, re.I)) is not None:
        distance, sessions = found[1], found[2]
    match = re.fullmatch(r"\s*(\d*\.?\d*)\s*([A-Za-z]+)\s*", distance)
    if not match or (match[1] and float(match[1] or 1) == 0) or match[1] == ".":
        raise UserError(f"'{text}' is no frequency; write it {_EXAMPLES}")
    if match[2].lower() in ("step", "steps"):
        return _counted(match[1])
    if "." in match[1]:
        raise UserError(f"'{text}' is no frequency; write it {_EXAMPLES}")
    count, name = int(match[1] or 1), match[2]
    if name.lower() in ("b", "bd", "business"):
        step, sessions = Step(seconds=DAY), sessions or "mon-fri"
        if count != 1:
            raise UserError(f"'{text}': business days are counted one by one; write b")
    elif name in _PARTS:
        step = Step(seconds=count, unit=name)
    else:
        unit = "mo" if name == "M" else _SPELLINGS.get(name.lower(), name.lower())
        if unit in _MONTHS and not sessions:
            return Step(months=count * _MONTHS[unit])
        if unit not in _SECONDS:
            raise UserError(f"'{text}' is no frequency; write it {_EXAMPLES}")
        step = Step(seconds=count * _SECONDS[unit])
    if not sessions:
        return step
    try:
        return Step(seconds=step.seconds, unit=step.unit, sessions=parse_sessions(sessions, step))
    except ValueError:
        raise UserError(
            f"'{text}': '{sessions}' does not say when there are rows; write it such as mon-fri or mon-fri 09:30-16:00"
        ) from None


def _counted(number: str) -> Step:
    whole, _, rest = number.partition(".")
    rest = rest.rstrip("0")
    unit = "step/1" + "0" * len(rest) if rest else "step"
    return Step(seconds=int((whole or ("" if rest else "1")) + rest), unit=unit)


def step_text(step: Step) -> str:
    """Write a step as `parse_step` reads it, in its largest unit."""
    if step.counted:
        scale = 10 ** (len(step.unit or "") - len("step/1")) if "/" in (step.unit or "") else 1
        return f"{step.seconds / scale:g} step{'s' * (step.seconds != scale)}"
    if step.sessions is not None:
        return f"{step_text(step.model_copy(update={'sessions': None}))} {session_text(step)}"
    if step.per_second > 1 and step.seconds % step.per_second:
        if step.unit == "us" and step.seconds % 1000 == 0:
            return f"{step.seconds // 1000}ms"
        return f"{step.seconds}{step.unit}"
    size, units = (step.months, _MONTHS) if step.months else (step.seconds // step.per_second, _SECONDS)
    unit = max((u for u in units if size % units[u] == 0), key=lambda u: units[u])
    return f"{size // units[unit]}{unit}"


def in_unit(step: Step, unit: str | None) -> Step:
    """Return the same distance counted in another unit of time.

    Raises:
        UserError: it is no whole number of them, or one of the two counts steps.
    """
    if unit == step.unit or step.months:
        return step
    if step.counted or (unit or "").startswith("step"):
        kinds = "are counted, and have no dates" if not step.counted else "have dates, and are not counted"
        raise UserError(f"the distance {step_text(step)} does not fit: rows {kinds}")
    per = Step(seconds=1, unit=unit).per_second
    if step.seconds * per % step.per_second:
        return step
    scale = step.sessions
    if scale is not None:
        scale = scale.model_copy(update={"first": scale.first * per // step.per_second})
    return Step(seconds=step.seconds * per // step.per_second, unit=unit, sessions=scale)


def step_seconds(step: Step) -> float:
    """Return how long a step is in seconds, a month as a twelfth of a mean year; 0 where steps are counted."""
    if step.counted:
        return 0.0
    return step.months * 365.2425 / 12 * DAY if step.months else step.seconds / step.per_second


def stride(step: Step) -> int:
    """Return by how much a step raises `ticks`."""
    return 1 if step.sessions is not None else step.months or step.seconds


def moment_text(time: int, step: Step | None) -> str:
    """Write a time of a graph for a person."""
    if step is None or step.unit is None:
        return time_text(time)
    if step.counted:
        scale = 10 ** (len(step.unit) - len("step/1")) if "/" in step.unit else 1
        return f"step {time / scale:g}" if scale > 1 else f"step {time}"
    second, rest = divmod(time, step.per_second)
    if not rest:
        return time_text(second)
    digits = len(str(step.per_second)) - 1
    return f"{str(np.datetime64(second, 's')).replace('T', ' ')}.{rest:0{digits}d}"


def to_grid(time: Seconds, step: Step) -> Seconds:
    """Return the times as they stand on the step's grid: unchanged, or for calendar steps the start of their month."""
    return month_start(months_of(time)) if step.months else time


def ticks(time: Seconds, step: Step) -> Seconds:
    """Return times as whole numbers that a step raises by `stride(step)`: months, seconds, or rows of sessions."""
    if step.sessions is not None:
        return session_ticks(time, step)
    return months_of(time) if step.months else time


def from_ticks(place: Seconds, step: Step) -> Seconds:
    """Return the times of whole numbers that `ticks` gives."""
    if step.sessions is not None:
        return session_times(place, step)
    return month_start(place) if step.months else place


def advance(time: Seconds, step: Step, k: Seconds | int) -> Seconds:
    """Return the time `k` steps after (before, if negative) each time; `time` and `k` broadcast.

    For calendar steps the result is the first of its month, 00:00, wherever in the month `time` stands; with sessions
    it is a time at which there are rows.
    """
    if step.sessions is not None:
        return session_times(
            session_ticks(np.asarray(time, dtype=np.int64), step) + np.asarray(k, dtype=np.int64), step
        )
    if step.months:
        return month_start(months_of(time) + step.months * np.asarray(k, dtype=np.int64))
    return np.asarray(time, dtype=np.int64) + step.seconds * np.asarray(k, dtype=np.int64)


def infer_step(time: Seconds, same: NDArray[np.bool_], unit: str | None = None) -> tuple[Step | None, tuple[str, ...]]:
    """Find the step from sorted times.

    It is the most common distance between neighbours; months, quarters and years are recognised by their stamps (the
    same day of each month, counted from its start or at its end), or where distances of 28 to 31 days (89 to 92, 365 to
    366) are the rule.

    Args:
        time: unix seconds (rows,), or what `unit` says, sorted within each series.
        same: (rows - 1,), whether a row and the next are of one series.
        unit: as of `Step`.

    Returns:
        the step, None if no two rows of a series differ in time; and notes for a person.
    """
    distance = np.diff(time)[same]
    distance = distance[distance > 0]
    if not len(distance):
        return None, ()
    common = _most_common(distance)
    if common < 28 * DAY or unit is not None:
        return Step(seconds=common, unit=unit), ()
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
