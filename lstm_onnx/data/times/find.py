"""Finding the columns that say the time."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import polars as pl

from lstm_onnx.data.tables import require
from lstm_onnx.data.times.numbers import WHOLE, spelt, whole_range
from lstm_onnx.data.times.parts import NAMES, WITHIN, part_named
from lstm_onnx.data.times.patterns import read_pattern
from lstm_onnx.data.times.shapes import form_of_day, forms_of
from lstm_onnx.errors import UserError, nearest, similar

TIME_NAMES = (
    "time", "date", "datetime", "timestamp", "ds", "ts", "day", "week", "month", "quarter", "year", "hour", "zeit",
    "datum",
    "yearmonth", "year_month", "yearweek", "year_week", "yyyymm", "yyyymmdd", "period", "date_time", "step", "time_idx",
    "time_index", "time_step", "timestep", "unix", "unixtime", "unix_time", "epoch_time", "mess_datum",
)  # fmt: skip
_UNIX = ((10**9, 4 * 10**9), (10**12, 4 * 10**12), (10**15, 4 * 10**15), (10**18, 4 * 10**18))
"""Seconds, milli-, micro- and nanoseconds since 1970, from 2001 to 2096."""
_HALF = 0.5


def looks_like_time(frame: pl.DataFrame, column: str) -> bool:
    """Whether a column is probably the clock; of plain numbers only one with a name such as `date` or `year`."""
    cells = frame.get_column(column)
    if cells.dtype == pl.Date or isinstance(cells.dtype, pl.Datetime):
        return True
    head = cells.drop_nulls().head(50).cast(pl.String).str.strip_chars()
    if not len(head):
        return False
    numbers = int(head.cast(pl.Float64, strict=False).is_not_null().sum())
    whole = int(head.str.contains(WHOLE).sum())
    if cells.dtype.is_numeric() or max(numbers, whole) > _HALF * len(
        head
    ):  # 1025.88 is a number, and no year and month
        return spelt(column) in TIME_NAMES
    return _share_of_times(head) > _HALF


def require_time(frame: pl.DataFrame, column: str, where: Path | str, option: str = "") -> None:
    """Refuse a column of times that the table does not have, as `require`; suggest columns that hold times, if any do.

    Args:
        frame: the table.
        column: the name that is looked for.
        where: the file, for the error.
        option: what asked for the column, such as `--time`.
    """
    require(frame, column, where, option, hint=None if column in frame.columns else _instead(frame, column))


def require_asked(frame: pl.DataFrame, column: str, where: Path | str, option: str) -> None:
    """Refuse a column that an option names and the table does not have; as `require_time` where that is `--time`."""
    (require_time if option == "--time" else require)(frame, column, where, option)


def _instead(frame: pl.DataFrame, column: str) -> str:
    times = [c for c in frame.columns if looks_like_time(frame, c)]
    if not times or similar(column, times) is not None:
        return nearest(column, times or frame.columns)
    shown = ", ".join(f"'{c}'" for c in times[:5])
    return f"; column{'s' * (len(times) > 1)} {shown} hold{'s' * (len(times) == 1)} times"


def find_time(frame: pl.DataFrame, where: Path | str, taken: Collection[str | None]) -> tuple[str, ...]:
    """Find the column that says the time, or the columns that say it together.

    Args:
        frame: the table.
        where: its file, for errors.
        taken: columns with another role.

    Returns:
        their names; none where the table has no time, so that its rows are counted.

    Raises:
        UserError: it cannot be told which.
    """
    free = [c for c in frame.columns if c not in taken]
    if parts := _in_parts(frame, free):
        return parts
    found = [c for c in free if looks_like_time(frame, c)]
    dates = [c for c in found if not _is_number(frame, c)]
    if len(dates) == 1 and all(part_named(c) is not None for c in found if c != dates[0]):
        return (dates[0],)  # beside a whole date, `month` or `hour` is one more column of numbers
    if len(found) == 1:
        return (found[0],)
    if found:
        raise UserError(
            f"{where}: several columns hold times ({', '.join(found)}); name the right one with --time, or all that "
            f"say it together (--time {' '.join(found[:2])})"
        )
    since_1970 = [c for c in free if _counts_from_1970(frame, c)]
    if len(since_1970) == 1:
        return (since_1970[0],)
    _refuse_unreadable(frame, free, where)
    return ()


def _in_parts(frame: pl.DataFrame, free: list[str]) -> tuple[str, ...]:
    """Name the columns that say the time together: from the year down, or a date and what is within the day."""
    named: dict[str, str] = {}
    for column in free:
        part = part_named(column)
        if part is not None and part not in named and part != "date" and _is_part(frame, column, part):
            named[part] = column
    below = [p for p in ("m", "q", "V") if p in named]
    if "Y" in named and below:
        days = [named["d"]] if "d" in named and below[0] == "m" else []
        within = [named[p] for p in ("H", "M", "S") if p in named] if days else []
        return (named["Y"], named[below[0]], *days, *within)
    dates = [
        c for c in free if c not in named.values() and looks_like_time(frame, c) and not _says_time_of_day(frame, c)
    ]
    if len(dates) == 1:
        within = [named[p] for p in WITHIN if p in named and named[p] != dates[0]]
        if within and frame.get_column(dates[0]).n_unique() < frame.height:
            if any(p in named for p in ("H", "time", "period")):
                first = next(p for p in ("time", "H", "period") if p in named)
                rest = [named[p] for p in ("M", "S") if p in named and first == "H"]
                return (dates[0], named[first], *rest)
    return ()


def _is_part(frame: pl.DataFrame, column: str, part: str) -> bool:
    cells = frame.get_column(column)
    if cells.dtype == pl.Time:
        return part == "time"
    if cells.dtype.is_temporal():
        return False
    head = cells.drop_nulls().head(1000).cast(pl.String).str.strip_chars()
    if not len(head):
        return False
    numbers = head.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    if part == "time":
        written = form_of_day(str(head[0])) is not None
        return written and (numbers.null_count() > 0 or whole_range(numbers)[1] <= 2400)
    if numbers.null_count():
        return part == "m" and not any(forms_of(str(h)) for h in head.head(5)) and _month_names(head)
    low, high = whole_range(numbers)
    limits = {"Y": (1000, 3000), "m": (1, 12), "d": (1, 31), "q": (1, 4), "V": (1, 53), "H": (0, 2400), "M": (0, 59)}
    least, most = limits.get(part, (0, 59) if part == "S" else (1, 1440))
    return least <= low and high <= most


def _month_names(head: pl.Series) -> bool:
    return bool(head.str.contains(r"^(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?$").all())


def _says_time_of_day(frame: pl.DataFrame, column: str) -> bool:
    cells = frame.get_column(column)
    if isinstance(cells.dtype, pl.Datetime):
        return bool(((cells.dt.hour() != 0) | (cells.dt.minute() != 0)).any())
    if cells.dtype != pl.String:
        return False
    return bool(cells.drop_nulls().head(200).str.contains(r"\d[T ]\s*\d{1,2}:\d{2}").any())


def _is_number(frame: pl.DataFrame, column: str) -> bool:
    cells = frame.get_column(column)
    if cells.dtype.is_numeric():
        return True
    return cells.dtype == pl.String and bool(cells.drop_nulls().head(50).str.strip_chars().str.contains(WHOLE).all())


def _counts_from_1970(frame: pl.DataFrame, column: str) -> bool:
    """Whether numbers are moments since 1970 by their size, each after the one before it, or nearly so."""
    cells = frame.get_column(column)
    numbers = cells.cast(pl.Float64, strict=False) if cells.dtype == pl.String or cells.dtype.is_numeric() else None
    if numbers is None or numbers.null_count() or len(numbers) < 2:
        return False
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]
    rises = float((numbers.diff().drop_nulls() >= 0).mean() or 0)  # type: ignore[arg-type]
    return any(least <= low and high <= most for least, most in _UNIX) and rises > _HALF


def _share_of_times(head: pl.Series) -> float:
    best = 0.0
    for cell in dict.fromkeys(str(head[i]) for i in (0, len(head) // 2, len(head) - 1)):
        for form in forms_of(cell):
            best = max(best, float((~read_pattern(head, form).bad).mean()))
    return best


def _refuse_unreadable(frame: pl.DataFrame, free: list[str], where: Path | str) -> None:
    """Refuse to count rows where a column may be a time that nobody can read."""
    for column in free:
        cells = frame.get_column(column)
        named = spelt(column) in (*TIME_NAMES, *NAMES["date"])
        text = cells.dtype == pl.String and not cells.cast(pl.Float64, strict=False).is_not_null().any()
        distinct = text and cells.null_count() == 0 and cells.n_unique() == frame.height and frame.height > 1
        if named or (distinct and bool(cells.str.contains(r"(?:\d.*){4}").all())):
            quoted = next((str(c) for c in cells if c is not None and str(c).strip()), "")
            raise UserError(
                f"{where}: column '{column}' may hold the times, and they cannot be read, such as '{quoted}'; write "
                "times as 2020-01-31 or 2020-01-31 13:00, say how they are written with --time-format, or give "
                "--time-format rows to count the rows as they stand"
            )
