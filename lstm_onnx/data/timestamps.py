"""Reading a column of times: into whole unix seconds, UTC.

A time without a zone is taken as it stands, as if it were UTC, so that local midnight stays midnight. Fractions of a
second are cut off. What is understood: ISO 8601 dates and times with `T` or a space, with or without a zone (also
`2020/01/31`), `2020-01`, `2020`, `2020Q1`, `2020-Q1`, day and month before the year where only one order is possible,
and whole numbers: years (1000 to 3000), `202001`, `20200131`, else seconds since 1970 (or milli-, micro- or
nanoseconds, by their size).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.tables import require, row_number
from lstm_onnx.errors import UserError

Seconds = NDArray[np.int64]

_CLOCK = r"(?:[T ]+(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp][Mm])?)?"
_ZONE = r"\s*(?P<zone>Z|z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
_YEAR_FIRST = rf"^(?P<y>\d{{4}})[-/.](?P<m>\d{{1,2}})(?:[-/.](?P<d>\d{{1,2}}){_CLOCK}{_ZONE})?$"
_YEAR_LAST = rf"^(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})[-/.](?P<y>\d{{4}}){_CLOCK}{_ZONE}$"
_QUARTER = r"^(?P<y>\d{4})\s*-?\s*[Qq](?P<q>[1-4])$"
_WHOLE = r"^-?\d+(?:\.0+)?$"
_ADVICE = "write times as 2020-01-31 or 2020-01-31 13:00"
_TIME_NAMES = ("time", "date", "datetime", "timestamp", "ds", "day", "week", "month", "quarter", "year", "hour")


def time_column(frame: pl.DataFrame, column: str, where: Path | str) -> tuple[Seconds, tuple[str, ...]]:
    """Read a column of times.

    Returns:
        unix seconds of shape (rows,), and one line for each thing that a person should know of the reading.

    Raises:
        UserError: the column does not exist, or a cell is no time, or can be read in two ways.
    """
    require(frame, column, where)
    cells = frame.get_column(column)
    _refuse_missing(cells, column, where)
    if cells.dtype == pl.Date:
        return cells.cast(pl.Int64).to_numpy().astype(np.int64) * 86400, ()
    if isinstance(cells.dtype, pl.Datetime):
        return cells.dt.epoch("s").to_numpy().astype(np.int64), ()
    if cells.dtype.is_integer():
        return _numbers(cells.cast(pl.Int64).to_numpy().astype(np.int64), column, where)
    if cells.dtype.is_float():
        cells = cells.cast(pl.String)
    if cells.dtype != pl.String:
        raise UserError(f"{where}: column '{column}' holds {cells.dtype}, where times are needed; choose another")
    text = cells.str.strip_chars()
    if text.str.contains(_WHOLE).all():
        whole = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
        _refuse_cells(whole.is_null().to_numpy(), cells, column, where, "is not a time")
        return _numbers(whole.to_numpy().astype(np.int64), column, where)
    return _text(text, column, where)


def looks_like_time(frame: pl.DataFrame, column: str) -> bool:
    """Whether a column is probably the clock; of plain numbers only one with a name such as `date` or `year`."""
    cells = frame.get_column(column)
    if cells.dtype == pl.Date or isinstance(cells.dtype, pl.Datetime):
        return True
    head = cells.drop_nulls().head(50).cast(pl.String).str.strip_chars()
    if not len(head):
        return False
    if cells.dtype.is_integer() or head.str.contains(_WHOLE).all():
        return column.lower() in _TIME_NAMES
    return any(bool(head.str.contains(p).all()) for p in (_YEAR_FIRST, _YEAR_LAST, _QUARTER))


def months_of(time: Seconds) -> Seconds:
    """Return the calendar month of each time, counted from January 1970 (which is 0)."""
    return time.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def month_start(months: Seconds) -> Seconds:
    """Return the first second of calendar months counted from January 1970."""
    return months.astype("datetime64[M]").astype("datetime64[s]").astype(np.int64)


def time_text(second: int, *, date_only: bool = False) -> str:
    """Write one time for a person: `2020-01-31`, or `2020-01-31 13:00` where it is no midnight."""
    text = str(np.datetime64(int(second), "s")).replace("T", " ")
    if date_only or text.endswith(" 00:00:00"):
        return text[:-9]
    return text[:-3] if text.endswith(":00") else text


def _refuse_missing(cells: pl.Series, column: str, where: Path | str) -> None:
    missing = cells.is_null()
    if cells.dtype.is_float():
        missing = missing | cells.is_nan()
    if cells.dtype == pl.String:
        missing = missing | (cells.str.strip_chars() == "")
    bad = missing.arg_true()
    if len(bad):
        more = f" (and in {len(bad) - 1} more rows)" if len(bad) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, int(bad[0]))}, column '{column}': the time is missing{more}; fill it in "
            "or delete the row"
        )


def _refuse_cells(bad: NDArray[np.bool_], cells: pl.Series, column: str, where: Path | str, why: str) -> None:
    places = np.flatnonzero(bad)
    if len(places):
        index = int(places[0])
        more = f" (and {len(places) - 1} more such cells)" if len(places) > 1 else ""
        raise UserError(
            f"{where}: row {row_number(where, index)}, column '{column}': '{cells[index]}' {why}{more}; {_ADVICE}"
        )


def _numbers(values: Seconds, column: str, where: Path | str) -> tuple[Seconds, tuple[str, ...]]:
    low, high = int(values.min()), int(values.max())
    if low >= 1000 and high <= 3000:
        return month_start((values - 1970) * 12), ()
    if low >= 190001 and high <= 210012 and bool(np.isin(values % 100, np.arange(1, 13)).all()):
        return month_start((values // 100 - 1970) * 12 + values % 100 - 1), ()
    if low >= 19000101 and high <= 21001231:
        seconds, wrong = _date(values // 10000, values // 100 % 100, values % 100)
        if not wrong.any():
            return seconds, ()
    for digits, factor in ((17, 10**9), (14, 10**6), (11, 10**3)):
        if max(abs(low), abs(high)) >= 10**digits:
            return values // factor, ()
    if high < 10**7:
        note = f"column '{column}': small whole numbers ({low} to {high}), read as seconds since 1970"
        return values, (note,)
    return values, ()


def _date(year: Seconds, month: Seconds, day: Seconds) -> tuple[Seconds, NDArray[np.bool_]]:
    """Return the midnight that begins each date, and which dates do not exist."""
    index = (year - 1970) * 12 + month - 1
    start = month_start(index)
    days = (month_start(index + 1) - start) // 86400
    wrong = (month < 1) | (month > 12) | (day < 1) | (day > days)
    return start + (day - 1) * 86400, wrong


def _text(text: pl.Series, column: str, where: Path | str) -> tuple[Seconds, tuple[str, ...]]:
    patterns = (_YEAR_FIRST, _YEAR_LAST, _QUARTER)
    fits = [text.str.contains(p) for p in patterns]
    best = max(range(len(patterns)), key=lambda i: int(fits[i].sum()))
    why = "is not a time" if not fits[best].any() else "is not a time of the form that the other rows have"
    _refuse_cells((~fits[best]).to_numpy(), text, column, where, why)
    parts = text.str.extract_groups(patterns[best]).struct.unnest()
    if patterns[best] == _QUARTER:
        return month_start((_whole(parts, "y") - 1970) * 12 + (_whole(parts, "q") - 1) * 3), ()
    if patterns[best] == _YEAR_FIRST:
        month, day = _whole(parts, "m"), _whole(parts, "d", 1)
    else:
        month, day = _order(parts, text, column, where)
    seconds, wrong = _date(_whole(parts, "y"), month, day)
    _refuse_cells(wrong, text, column, where, "is a date that does not exist")
    return _with_clock(seconds, parts, text, column, where)


def _whole(parts: pl.DataFrame, name: str, missing: int = 0) -> Seconds:
    return parts.get_column(name).cast(pl.Int64).fill_null(missing).to_numpy().astype(np.int64)


def _order(parts: pl.DataFrame, text: pl.Series, column: str, where: Path | str) -> tuple[Seconds, Seconds]:
    """Tell day from month in dates with the year last, or refuse to guess; dots always mean the day first."""
    a, b = _whole(parts, "a"), _whole(parts, "b")
    day_first = bool((a > 12).any()) or bool((parts.get_column("mark") == ".").all())
    month_first = bool((b > 12).any())
    if day_first and month_first:
        _refuse_cells(b > 12, text, column, where, "has the month first, and other rows have the day first")
    if not day_first and not month_first:
        raise UserError(
            f"{where}: column '{column}': dates such as '{text[0]}' can be read in two ways, day or month first; "
            f"{_ADVICE}"
        )
    return (b, a) if day_first else (a, b)


def _with_clock(
    midnight: Seconds, parts: pl.DataFrame, text: pl.Series, column: str, where: Path | str
) -> tuple[Seconds, tuple[str, ...]]:
    hour, minute, second = (_whole(parts, name) for name in ("h", "min", "s"))
    half = parts.get_column("half").str.to_lowercase().fill_null("")
    twelve = (half != "").to_numpy()
    wrong = (hour > 23) | (minute > 59) | (second > 59) | (twelve & ((hour < 1) | (hour > 12)))
    _refuse_cells(wrong, text, column, where, "has a time of day that does not exist")
    hour = np.where(twelve, hour % 12 + 12 * (half == "pm").to_numpy(), hour)
    local = midnight + hour * 3600 + minute * 60 + second
    zone = parts.get_column("zone")
    if zone.null_count() == len(zone):
        return local, ()
    _refuse_cells(zone.is_null().to_numpy(), text, column, where, "has no zone, and other rows have one")
    digits = zone.str.replace_all(":", "").str.replace("^(?i:z|utc)$", "+0000").str.replace(r"^([+-]\d\d)$", "${1}00")
    number = digits.cast(pl.Int64).to_numpy().astype(np.int64)
    offset = np.sign(number) * (np.abs(number) // 100 * 3600 + np.abs(number) % 100 * 60)
    note = f"column '{column}': times carry a zone and are counted in UTC"
    return local - offset, (note,) if offset.any() else ()
