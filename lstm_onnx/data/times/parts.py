"""A time that several columns say together: year, month, day and hour, or a date and an hour, a time or a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.contract_clock import Clock
from lstm_onnx.data.times.decide import NUMBERS, ORDERS, TYPED, decide_form, with_padding
from lstm_onnx.data.times.errors import IMPOSSIBLE, refuse_cells
from lstm_onnx.data.times.fields import DAY, SECOND, Whole, civil_days, week_days
from lstm_onnx.data.times.numbers import read_number, spelt, whole_range
from lstm_onnx.data.times.patterns import month_numbers, read_pattern
from lstm_onnx.data.times.shapes import form_of_day
from lstm_onnx.errors import UserError

NAMES: dict[str, tuple[str, ...]] = {
    "Y": ("year", "yr", "yyyy", "jahr", "annee", "ano", "jaar"),
    "m": ("month", "mon", "mo", "mm", "monat", "mois", "mes", "maand", "month_of_year"),
    "d": ("day", "dd", "tag", "jour", "dia", "dag", "day_of_month", "dom"),
    "q": ("quarter", "qtr", "q", "quartal", "trimestre"),
    "V": ("week", "wk", "kw", "woche", "iso_week", "isoweek", "week_of_year"),
    "H": ("hour", "hr", "hh", "stunde", "heure", "hora", "uur", "hour_of_day", "he", "hour_ending"),
    "M": ("minute", "min", "minutes"),
    "S": ("second", "sec", "seconds"),
    "time": ("time", "time_of_day", "clock", "zeit", "uhrzeit", "heure", "hora", "tijd"),
    "period": (
        "period", "interval", "slot", "settlement_period", "sp", "half_hour", "halfhour", "trading_period", "periode",
        "block", "time_block", "quarter_hour",
    ),
    "date": ("date", "datum", "settlement_date", "trading_date", "fecha", "data", "dato", "day", "delivery_date"),
}  # fmt: skip
"""What columns that say a part of a time are called."""
WITHIN = ("H", "M", "S", "time", "period")
"""Parts of a day."""
_COUNTS = (24, 48, 96, 144, 288, 1440)


@dataclass(frozen=True)
class Parts:
    """How several columns are written."""

    forms: tuple[str, ...]
    period: int | None
    notes: tuple[str, ...]


def part_named(column: str) -> str | None:
    """Name the part of a time that a column is called after."""
    name = spelt(column)
    return next((part for part, names in NAMES.items() if name in names), None)


def decide_parts(frame: pl.DataFrame, columns: Sequence[str], where: Path | str, words: Sequence[str]) -> Parts:
    """Decide what each column says.

    Raises:
        UserError: a column says no part of a time, or together they say no time.
    """
    if words and len(words) not in (1, len(columns)):
        raise UserError(f"--time-format says {len(words)} forms, and {len(columns)} columns hold the time")
    forms: list[str] = []
    period: int | None = None
    for i, column in enumerate(columns):
        cells = frame.get_column(column)
        said = words[i] if len(words) == len(columns) else None
        form = said if said not in (None, *ORDERS) else _part_form(cells, column)
        if form is None:
            word = said or (words[0] if words else None)
            form = decide_form(cells, column, where, word).form
        if form == "period":
            period = _period(frame, column, columns[:i], where)
        forms.append(form)
    _refuse_incomplete(forms, columns, where)
    shown = ", ".join(f"{c} ({f})" for c, f in zip(columns, forms, strict=True))
    return Parts(tuple(forms), period, (f"the time is put together from {shown}",))


def read_parts(frame: pl.DataFrame, clock: Clock, where: Path | str) -> Whole:
    """Return microseconds since 1970 by the clock on the wall, of shape (rows,)."""
    days = np.zeros(frame.height, dtype=np.int64)
    moment = np.zeros(frame.height, dtype=np.int64)
    fields: dict[str, Whole] = {}
    for column, form in zip(clock.columns, clock.forms, strict=True):
        cells = frame.get_column(column)
        if form in ("datetime", "date"):
            moment += _typed(cells, column, where)
        elif form in NUMBERS:
            moment += read_number(cells, form)[0]
        elif form == "time":
            moment += _time_of_day(cells, column, where)
        elif form == "hour-1":
            moment += (_whole(cells, column, where, 1, 24) - 1) * 3600 * SECOND
        elif form == "period":
            size = clock.period or 3600
            moment += (_whole(cells, column, where, 1, 86400 // size) - 1) * size * SECOND
        elif form in ("%b", "%B"):
            fields["m"], wrong = month_numbers(cells.cast(pl.String).str.strip_chars())
            refuse_cells(wrong, cells, column, where, "is no month")
        elif form.replace("-", "") in _SINGLE:
            low, high = _SINGLE[form.replace("-", "")]
            fields[form[-1]] = _whole(cells, column, where, low, high)
        else:
            text = cells.cast(pl.String).str.strip_chars()
            if form == "%H%M":
                text = text.str.pad_start(4, "0")
            read = read_pattern(text, form)
            refuse_cells(read.bad, cells, column, where, f"is not written as the times are ({form})")
            refuse_cells(read.impossible, cells, column, where, IMPOSSIBLE)
            if read.offset is not None:
                raise UserError(f"{where}: column '{column}': a zone in one of several columns of times is not read")
            moment += read.wall
    moment += sum(
        (fields[name] * size * SECOND for name, size in (("H", 3600), ("M", 60), ("S", 1)) if name in fields),
        start=np.zeros(frame.height, dtype=np.int64),
    )
    if "Y" in fields:
        days, wrong = _days(fields, frame.height)
        at = next(c for c, f in zip(clock.columns, clock.forms, strict=True) if f[-1] in "dVmYbB")
        refuse_cells(wrong, frame.get_column(at), at, where, "with the other columns is a date that does not exist")
    return days * DAY + moment


_SINGLE = {
    "%Y": (1000, 3000), "%m": (1, 12), "%d": (1, 31), "%q": (1, 4), "%V": (1, 53), "%H": (0, 24), "%M": (0, 59),
    "%S": (0, 59),
}  # fmt: skip


def _days(fields: dict[str, Whole], count: int) -> tuple[Whole, np.typing.NDArray[np.bool_]]:
    ones = np.ones(count, dtype=np.int64)
    if "V" in fields:
        return week_days(fields["Y"], fields["V"], ones)
    month = fields["m"] if "m" in fields else fields["q"] * 3 - 2 if "q" in fields else ones
    return civil_days(fields["Y"], month, fields.get("d", ones))


def _part_form(cells: pl.Series, column: str) -> str | None:
    """Return the form of a column that says a part of a time; None where it says a whole date."""
    if cells.dtype == pl.Time:
        return "time"
    if cells.dtype.is_temporal():
        return None
    part = part_named(column)
    text = cells.cast(pl.String).str.strip_chars()
    numbers = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    padded = "" if bool(text.str.starts_with("0").any()) and int(text.str.len_bytes().min() or 0) == 2 else "-"  # type: ignore[arg-type]
    if numbers.null_count():
        if part == "m" and not month_numbers(text)[1].any():
            return "%B" if int(text.str.len_chars().max() or 0) > 4 else "%b"  # type: ignore[arg-type]
        head = text[int(text.str.len_chars().arg_max() or 0)]
        return form_of_day(str(head))
    low, high = int(numbers.min()), int(numbers.max())  # type: ignore[arg-type]
    if part == "period":
        return "period"
    if part in ("H", "time"):
        if high > 24:
            return "%H%M" if high <= 2400 and bool((numbers % 100 < 60).all()) else None
        return "hour-1" if low >= 1 and high == 24 else f"%{padded}H"
    if part == "Y" and 1000 <= low and high <= 3000:
        return "%Y"
    limits = {"m": 12, "d": 31, "q": 4, "V": 53, "M": 59, "S": 59}
    if part in limits and high <= limits[part]:
        return "%q" if part == "q" else f"%{padded}{part}"
    return None


def _period(frame: pl.DataFrame, column: str, dates: Sequence[str], where: Path | str) -> int:
    """Find how many seconds a period lasts: by how many a day mostly has."""
    cells = frame.get_column(column)
    number = cells.cast(pl.String).str.strip_chars().str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
    table = frame.select(list(dates)).with_columns(number.alias("\0")) if dates else pl.DataFrame({"\0": number})
    daily = table.group_by(list(dates)).agg(pl.col("\0").max())["\0"].mode() if dates else number
    most = whole_range(daily)[1]
    count = next((c for c in _COUNTS if most <= c), None)
    if count is None or whole_range(number)[0] < 1:
        raise UserError(f"{where}: column '{column}': periods are counted from 1 to the last of the day, found {most}")
    return 86400 // count


def _refuse_incomplete(forms: Sequence[str], columns: Sequence[str], where: Path | str) -> None:
    joined = " ".join(forms).replace("-", "")
    dated = any(f in (*TYPED, *NUMBERS) for f in forms) or "%Y" in joined or "%y" in joined or "%G" in joined
    if not dated or ("%d" in joined and "%Y" in joined and not any(t in joined for t in ("%m", "%b", "%B"))):
        raise UserError(
            f"{where}: the columns {', '.join(columns)} do not say a time together; a date, or year, month and day, "
            "are needed"
        )
    if len(set(forms)) < len(forms):
        raise UserError(
            f"{where}: two of the columns {', '.join(columns)} say the same part of the time; leave one out"
        )


def _typed(cells: pl.Series, column: str, where: Path | str) -> Whole:
    if not cells.dtype.is_temporal():
        text = cells.cast(pl.String)
        form = decide_form(text, column, where).form
        read = read_pattern(text.str.strip_chars(), with_padding(text, form))
        refuse_cells(read.bad | read.impossible, cells, column, where, IMPOSSIBLE)
        return read.wall
    return cells.cast(pl.Datetime("us")).dt.epoch("us").to_numpy().astype(np.int64)


def _time_of_day(cells: pl.Series, column: str, where: Path | str) -> Whole:
    if cells.dtype == pl.Time:
        return cells.cast(pl.Int64).to_numpy().astype(np.int64) // 1000
    read = read_pattern(cells.cast(pl.String).str.strip_chars(), "%H:%M:%S")
    refuse_cells(read.bad | read.impossible, cells, column, where, "is no time of day")
    return read.wall


def _whole(cells: pl.Series, column: str, where: Path | str, low: int, high: int) -> Whole:
    text = cells.cast(pl.String).str.strip_chars().str.replace(r"\.0+$", "")
    number = text.cast(pl.Int64, strict=False)
    found = number.fill_null(low).to_numpy().astype(np.int64)
    bad = number.is_null().to_numpy() | (found < low) | (found > high)
    refuse_cells(bad, cells, column, where, f"is no whole number from {low} to {high}", "correct it")
    return found
