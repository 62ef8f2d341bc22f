"""Times that are numbers: digits of a date, seconds since 1970, days of a spreadsheet, or steps that are no dates."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.data.times.fields import DAY, SECOND, Mask, Whole
from lstm_onnx.data.times.patterns import read_pattern
from lstm_onnx.errors import UserError

UNIX = {"unix": SECOND, "unix-ms": 1000, "unix-us": 1, "unix-ns": 0}
"""Forms of time that count from 1970 -> microseconds of one (a nanosecond is less)."""
WHOLE = r"^[+-]?\d+(?:\.0*)?$"
DECIMAL = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"
_DIGITS = {14: "%Y%m%d%H%M%S", 12: "%Y%m%d%H%M", 10: "%Y%m%d%H", 8: "%Y%m%d"}
_EXCEL_EPOCH = 25_569
"""The day number that spreadsheets give 1970-01-01."""
_EXCEL = (32_874, 73_051)
"""1990 and 2100 by spreadsheets: numbers between them, in a column called as dates are, are dates."""
_MOSTLY = 0.8
"""From this share of cells that are dates on, the others are mistakes."""
_FINEST = 6
"""Decimals of a step that are kept."""
_STEP_NAMES = (
    "step", "steps", "index", "idx", "i", "n", "tick", "ticks", "row", "sample", "cycle", "cycles", "iteration",
    "frame", "no", "nr", "number", "seq", "count", "time_step", "timestep", "time_idx", "time_index", "day_number",
)  # fmt: skip
_DATE_NAMES = ("date", "day", "datum", "ds", "datetime", "fecha", "data", "dato", "timestamp", "when")
_WEEK_NAMES = ("week", "wk", "kw", "woche", "semaine", "semana", "epiweek", "epi_week")
_FAR = 200_000_000 * DAY


def spelt(column: str) -> str:
    """Return a column's name in small letters, with one sign between words."""
    return re.sub(r"[\s._-]+", "_", column.strip().lower()).strip("_")


def whole_range(numbers: pl.Series) -> tuple[int, int]:
    """Return the smallest and the largest of whole numbers; 0 where there are none."""
    found = numbers.drop_nulls().to_numpy()
    return (int(found.min()), int(found.max())) if len(found) else (0, 0)


def number_form(values: pl.Series, column: str, where: Path | str) -> tuple[str, str | None]:
    """Decide what numbers in a column of times are.

    Args:
        values: floats or whole numbers without missing ones.
        column: its name, which helps where numbers alone do not tell.
        where: the file, for errors.

    Returns:
        the form, and a note where a person should know of it.

    Raises:
        UserError: they can be read in several ways.
    """
    whole = values.cast(pl.Int64) if values.dtype.is_integer() else None
    if whole is None:
        floats = values.cast(pl.Float64)
        whole = floats.round(0).cast(pl.Int64)
        if float((floats - whole).abs().max() or 0) > 0:  # type: ignore[arg-type]
            return _fraction_form(floats, column, where)
    numbers = whole.to_numpy().astype(np.int64)
    low, high = int(numbers.min()), int(numbers.max())
    name = spelt(column)
    if name in _STEP_NAMES and high < 10**8:
        return "steps", None
    form = _date_digits(numbers, low, high, name)
    if form is not None:
        return form, None
    for kind, least, most in (("unix", 8, 10), ("unix-ms", 11, 13), ("unix-us", 14, 16), ("unix-ns", 17, 19)):
        if 10**least <= high < 10**most or (kind == "unix-ns" and high >= 10**least):
            return kind, None
    if high >= 10**10:
        raise UserError(
            f"{where}: column '{column}': it cannot be told which times numbers such as {low} are; say it with "
            "--time-format (unix, unix-ms, steps, yyyymmddhh, …)"
        )
    if name in _DATE_NAMES and _EXCEL[0] <= low and high <= _EXCEL[1]:
        return "excel", (
            f"column '{column}': {low} to {high} are read as days of a spreadsheet ({_excel_text(low)} to "
            f"{_excel_text(high)}); if they are plain steps give --time-format steps"
        )
    return "steps", f"column '{column}': {low} to {high} are read as steps, not as dates"


def read_number(cells: pl.Series, form: str, decimals: int = 0) -> tuple[Whole, Mask]:
    """Read a column of numbers, typed or as text, as `unix…`, `excel` or `steps`.

    Returns:
        microseconds since 1970 (of steps, the number times 10 to the power of `decimals`), and which cells are none.
    """
    if cells.dtype.is_integer():
        whole = cells.cast(pl.Int64).to_numpy().astype(np.int64)
        nothing = np.zeros(len(whole), dtype=np.bool_)
        if form == "steps":
            return whole * 10**decimals, nothing
        if form == "unix-ns":
            return whole // 1000, nothing
        return (whole - _EXCEL_EPOCH) * DAY if form == "excel" else whole * UNIX[form], nothing
    if cells.dtype == pl.String:
        return _read_text(cells.str.strip_chars(), form, decimals)
    floats = cells.cast(pl.Float64).to_numpy().astype(np.float64)
    return _from_floats(floats, form, decimals)


def write_number(moment: Whole, form: str, decimals: int, digits: int) -> pl.Series:
    """Write microseconds (or steps, times 10 to the power of `decimals`) as numbers; whole ones where they are.

    Args:
        moment: of shape (rows,).
        form: `unix…`, `excel` or `steps`.
        decimals: of steps.
        digits: decimals to write at most.
    """
    if form == "unix-ns":
        return pl.Series(moment * 1000)
    unit = 10**decimals if form == "steps" else DAY if form == "excel" else UNIX[form]
    moved = moment + _EXCEL_EPOCH * DAY if form == "excel" else moment
    if bool((moved % unit == 0).all()):
        return pl.Series(moved // unit)
    return pl.Series(np.round(moved / unit, digits))


def decimals_of(cells: pl.Series) -> int:
    """Count the decimals that steps have, up to six."""
    if cells.dtype.is_integer():
        return 0
    floats = cells.cast(pl.Float64, strict=False).drop_nulls().to_numpy()
    for decimals in range(_FINEST + 1):
        scaled = floats * 10**decimals
        if bool((np.abs(scaled - np.round(scaled)) < 1e-6 * np.maximum(1.0, np.abs(scaled) * 1e-6)).all()):
            return decimals
    return _FINEST


def _read_text(text: pl.Series, form: str, decimals: int) -> tuple[Whole, Mask]:
    fits = text.str.contains(DECIMAL)
    whole = text.str.replace(r"\.0*$", "").cast(pl.Int64, strict=False)
    if form != "excel" and decimals == 0 and not whole.null_count():
        found, _ = read_number(whole, form)
        return found, (~fits).to_numpy()
    parts = text.str.extract_groups(r"^(?P<whole>[+-]?\d+)(?:\.(?P<rest>\d*))?$").struct.unnest()
    exact = parts.get_column("whole").is_not_null()
    if form in ("unix", "unix-ms", "steps") and bool(exact.all()):  # a float has not enough digits for both
        scale = 6 if form == "unix" else 3 if form == "unix-ms" else decimals
        digits = parts.get_column("rest").fill_null("").str.pad_end(scale, "0").str.head(scale)
        rest = digits.replace("", "0").cast(pl.Int64).to_numpy().astype(np.int64)
        base = parts.get_column("whole").cast(pl.Int64, strict=False)
        negative = text.str.starts_with("-").to_numpy()
        found = base.fill_null(0).to_numpy().astype(np.int64) * 10**scale
        return np.where(negative, found - rest, found + rest), base.is_null().to_numpy()
    floats = text.cast(pl.Float64, strict=False)
    bad = (floats.is_null() | ~fits).to_numpy()
    found, wild = _from_floats(floats.fill_null(0.0).to_numpy().astype(np.float64), form, decimals)
    return found, bad | wild


def _from_floats(floats: np.typing.NDArray[np.float64], form: str, decimals: int) -> tuple[Whole, Mask]:
    unit = 10**decimals if form == "steps" else DAY if form == "excel" else UNIX[form] or 1e-3
    start = _EXCEL_EPOCH if form == "excel" else 0
    scaled = (floats - start) * unit
    wild = ~(np.abs(scaled) < _FAR)
    found = np.round(np.where(wild, 0, scaled)).astype(np.int64)
    if form == "excel":  # a day's share of a second is not kept by a spreadsheet's digits: to the nearest millisecond
        found = (found + 500) // 1000 * 1000
        near = (found + SECOND // 2) // SECOND * SECOND
        found = np.where(np.abs(found - near) <= 5000, near, found)
    return found, wild


def _fraction_form(floats: pl.Series, column: str, where: Path | str) -> tuple[str, str | None]:
    low, high = float(floats.min()), float(floats.max())  # type: ignore[arg-type]
    for form, least, most in (("unix", 1e8, 1e10), ("unix-ms", 1e11, 1e13), ("unix-us", 1e14, 1e16)):
        if least <= high < most:
            return form, None
    if _EXCEL[0] <= low and high <= _EXCEL[1]:
        if spelt(column) in (*_DATE_NAMES, "time"):
            return "excel", (
                f"column '{column}': {low:g} to {high:g} are read as days of a spreadsheet ({_excel_text(int(low))} to "
                f"{_excel_text(int(high))}); if they are plain steps give --time-format steps"
            )
        raise UserError(
            f"{where}: column '{column}': numbers such as {low:g} may be days of a spreadsheet or plain steps; say it "
            "with --time-format excel or --time-format steps"
        )
    return "steps", f"column '{column}': {low:g} to {high:g} are read as steps, not as dates"


def _excel_text(day: int) -> str:
    return str(np.datetime64(day - _EXCEL_EPOCH, "D"))


def _date_digits(numbers: Whole, low: int, high: int, name: str) -> str | None:
    """Name the pattern of the date that the digits of most numbers make, if there is one."""
    if (1800 <= low and high <= 2100) or ("year" in name and 1000 <= low and high <= 3000):
        return "%Y"
    sample = np.unique(numbers if len(numbers) <= 10_000 else numbers[:: len(numbers) // 10_000])
    digits = np.char.str_len(sample.astype(str))
    for width, form in _DIGITS.items():
        if float((digits == width).mean()) >= _MOSTLY and _share(sample, form) >= _MOSTLY:
            return form
    if float((digits == 6).mean()) < _MOSTLY:
        return None
    last, years = sample % 100, sample // 100
    if float(((years >= 1700) & (years <= 2200)).mean()) < _MOSTLY:
        return None
    months, weeks = (float(((last >= 1) & (last <= most)).mean()) for most in (12, 53))
    if any(word in name for word in _WEEK_NAMES) and weeks >= _MOSTLY:
        return "%G%V"
    if months >= _MOSTLY:
        return "%Y%m"
    skips = not bool((np.diff(sample) == 1).all())  # 202152 is followed by 202201: steps go on with 202153
    return "%G%V" if weeks >= 0.95 and skips else None


def _share(sample: Whole, form: str) -> float:
    """Return the share of numbers that are dates of a pattern, of years that people write of."""
    read = read_pattern(pl.Series(sample).cast(pl.String), form)
    year = read.wall.astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970
    return float((~read.bad & ~read.impossible & (year >= 1800) & (year <= 2200)).mean())
