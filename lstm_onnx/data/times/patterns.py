"""Times as text, by a pattern such as `%d/%m/%Y %H:%M`: read for a whole column at once, and written.

The date has to be written exactly as the pattern says. The time of day may be shorter or longer than in the pattern
(`13:00`, `13:00:05`, `13:00:05.25`) or, at midnight, left out, and `24:00` is the midnight that ends the day. Its half
of the day (AM, PM) is not left out, and does not come where a pattern of the order of day and month has none: it is the
mark of another hand, which may well write day and month in the other order, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import polars as pl

from lstm_onnx.data.times.fields import (
    DAY,
    MONTHS,
    SECOND,
    WEEKDAYS,
    Mask,
    Whole,
    civil_days,
    full_year,
    week_days,
    week_of,
)

_TOKEN = re.compile(r"%(-?[YymdbBqVGuHIMSfpzaA]|[1-9]f|:z|Z|%)")
_SIGNS = "-:123456789"
_CLOCK_OF_PATTERN = re.compile(r"(?P<before>[T ,]*)(?P<hour>%-?[HI])(?P<rest>.*)$")
_ORDERED = re.compile("(?:%-?m[^%]+%-?d|%-?d[^%]+%-?m)[^%]+%-?[Yy]")
"""Patterns of which a reader has to know whether the day or the month stands first."""
_DIGITS = {"Y": r"\d{4}", "G": r"\d{4}", "q": "[1-4]", "u": "[1-7]", "f": r"\d{1,9}"}
_TWO = {"y", "m", "d", "V", "H", "I", "M", "S"}
_WORDS = {"b": r"[A-Za-z]{3,9}\.?", "B": "[A-Za-z]{3,9}", "a": "[A-Za-z]{2,9}", "A": "[A-Za-z]{2,9}"}
ZONE = r"(?:Z|z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})"
_CLOCK = (
    r"(?:(?:[T ]+|, )(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?\s*(?P<p>[AaPp]\.?[Mm]\.?)?)?"
    rf"\s*(?P<z>{ZONE})?"
)


@dataclass(frozen=True)
class ReadTimes:
    """What a column of texts says.

    Attributes:
        wall: microseconds since 1970 by the clock on the wall (rows,); 0 where `bad`.
        bad: cells that do not have the form (rows,).
        impossible: cells of the form that name a time that does not exist (rows,).
        offset: seconds east of UTC (rows,); None where no cell has a zone.
        zoned: which cells have a zone (rows,).
    """

    wall: Whole
    bad: Mask
    impossible: Mask
    offset: Whole | None
    zoned: Mask


def fault_of_pattern(form: str) -> str | None:
    """Say what a pattern lacks to be one of times."""
    tokens = {t.lstrip(_SIGNS) for t in _TOKEN.findall(form)}
    if unknown := re.search(r"%.?", _TOKEN.sub("", form)):
        return f"{unknown[0]} is not known"
    if tokens & {"Y", "y"} and (tokens & {"m", "b", "B", "q"} or not tokens & {"d"}):
        return None
    if tokens >= {"G", "V"}:
        return None
    return "a year (%Y) is missing, or the month that its day is of"


def read_pattern(text: pl.Series, form: str) -> ReadTimes:
    """Read a column of stripped texts by a pattern, or beside a date by one of a time of day alone."""
    parts = _fixed(text, form)
    if parts is None:
        parts = text.str.extract_groups(_regex(form)).struct.unnest()
    first = next(n for n in ("Y", "y", "G", "H", "I", "m", "d") if n in parts.columns)
    bad = parts.get_column(first).is_null().to_numpy() | _other_halves(parts, form)
    days, wrong = _days(parts, len(text))
    moment, odd = _time_of_day(parts, len(text))
    wall = np.where(bad, 0, days * DAY + moment)
    zone = parts.get_column("z") if "z" in parts.columns else pl.Series([None] * len(text), dtype=pl.String)
    zoned = zone.is_not_null().to_numpy()
    offset = offsets(zone.fill_null("Z")) if zoned.any() else None
    return ReadTimes(wall, bad, (wrong | odd) & ~bad, offset, zoned)


def _other_halves(parts: pl.DataFrame, form: str) -> Mask:
    """Say which times of day have no AM or PM where the pattern asks for it, or have it where it points elsewhere."""
    if "p" not in parts.columns or "H" not in parts.columns:
        return np.zeros(len(parts), dtype=np.bool_)
    half, hour = parts.get_column("p").is_not_null(), parts.get_column("H").is_not_null()
    if "%p" in form:
        return (hour & ~half).to_numpy()
    if _ORDERED.search(form) and re.search("%-?H", form):
        return half.to_numpy()
    return np.zeros(len(parts), dtype=np.bool_)


def group_lengths(text: pl.Series, form: str, token: str) -> int:
    """Return the fewest characters that a number of the pattern is written with; 2 where it is not there."""
    parts = text.str.extract_groups(_regex(form)).struct.unnest()
    name = "H" if token == "I" and "I" not in parts.columns else token
    if name not in parts.columns:
        return 2
    return int(parts.get_column(name).drop_nulls().str.len_bytes().min() or 2)  # type: ignore[arg-type]


def offsets(zone: pl.Series) -> Whole:
    """Return zones such as `Z`, `+02:00` or `-0330` as seconds east of UTC."""
    digits = (
        zone.str.replace_all(":", "").str.replace("^(?i:z|utc|gmt)$", "+0000").str.replace(r"^([+-]\d\d)$", "${1}00")
    )
    number = digits.cast(pl.Int64).to_numpy().astype(np.int64)
    seconds: Whole = np.sign(number) * (np.abs(number) // 100 * 3600 + np.abs(number) % 100 * 60)
    return seconds


def offset_text(seconds: int, *, colon: bool = True) -> str:
    """Write an offset as ISO 8601 does: `+02:00`."""
    sign, size = "-" if seconds < 0 else "+", abs(seconds)
    return f"{sign}{size // 3600:02d}{':' * colon}{size % 3600 // 60:02d}"


def write_pattern(wall: Whole, form: str, offset: Whole | None = None) -> list[str]:
    """Write times by a pattern.

    Args:
        wall: microseconds since 1970 by the clock on the wall, of shape (rows,).
        form: the pattern.
        offset: of each, seconds east of UTC; for patterns with %z (+0200), %:z (+02:00), %-z (+02) or %Z (Z where it is
            0).
    """
    days, moment = np.floor_divide(wall, DAY), np.mod(wall, DAY)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    month, year = months % 12 + 1, months // 12 + 1970
    iso_year, iso_week, weekday = week_of(days)
    hour = moment // (3600 * SECOND)
    found: dict[str, Whole] = {
        "Y": year, "y": year % 100, "m": month, "d": days - month_start_days(months) + 1, "q": (month + 2) // 3,
        "G": iso_year, "V": iso_week, "u": weekday, "H": hour, "I": (hour + 11) % 12 + 1,
        "M": moment // (60 * SECOND) % 60, "S": moment // SECOND % 60, "f": moment % SECOND,
    }  # fmt: skip
    pieces = _TOKEN.split(form)
    texts = []
    for i in range(len(wall)):
        line = []
        for k, piece in enumerate(pieces):
            before = pieces[k - 1] if k else ""
            line.append(
                piece if k % 2 == 0 else _written(piece, found, i, 0 if offset is None else int(offset[i]), before)
            )
        texts.append("".join(line))
    return texts


def month_start_days(months: Whole) -> Whole:
    """Return the day on which months begin; both counted from 1970."""
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _written(token: str, found: dict[str, Whole], i: int, offset: int, before: str) -> str:
    name = token.lstrip(_SIGNS)
    if name == "%":
        return "%"
    if name in ("z", "Z"):
        if name == "Z" and offset == 0:
            return "UTC" if before.endswith(" ") else "Z"
        written = offset_text(offset, colon=token in (":z", "Z"))
        return written[:3] if token == "-z" and offset % 3600 == 0 else written
    if name in ("b", "B"):
        word = _MONTH_NAMES[int(found["m"][i]) - 1]
        return word[:3] if name == "b" else word
    if name in ("a", "A"):
        day = _DAY_NAMES[int(found["u"][i]) - 1]
        return day[:3] if name == "a" else day
    if name == "p":
        return "AM" if found["H"][i] < 12 else "PM"
    value = int(found[name][i])
    if name == "f":
        return f"{value:06d}".ljust(9, "0")[: int(token[0]) if token[0].isdigit() else 6]
    width = 4 if name in ("Y", "G") else 1 if name in ("q", "u") or token.startswith("-") else 2
    return f"{value:0{width}d}"


_MONTH_NAMES = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _fixed(text: pl.Series, form: str) -> pl.DataFrame | None:
    """Read texts of nothing but digits in fixed places, many times as fast as by groups; None where some are not."""
    layout = _layout(form)
    if layout is None or not len(text):
        return None
    width, literals, places = layout
    if not bool((text.str.len_bytes() == width).all()):
        return None
    table = np.frombuffer(str(text.str.join("")[0]).encode(), dtype=np.uint8).reshape(len(text), width)
    for at, code in literals:
        if not bool((table[:, at] == code).all()):
            return None
    found = {}
    for name, begin, end in places:
        digits = table[:, begin:end] - np.uint8(48)  # what is no digit is larger than 9: bytes do not go below 0
        if bool((digits > 9).any()):
            return None
        value = np.zeros(len(text), dtype=np.int64)
        for k in range(end - begin):
            value = value * 10 + digits[:, k]
        found["us" if name == "f" else name] = value * 10 ** (6 - (end - begin)) if name == "f" else value
    return pl.DataFrame(found)


@lru_cache(maxsize=256)
def _layout(form: str) -> tuple[int, list[tuple[int, int]], list[tuple[str, int, int]]] | None:
    """Return how long texts of a form are, which signs stand where, and where numbers begin and end."""
    literals: list[tuple[int, int]] = []
    places: list[tuple[str, int, int]] = []
    at = 0
    for k, piece in enumerate(_TOKEN.split(form)):
        if k % 2 == 0:
            if not piece.isascii():
                return None
            literals += [(at + i, ord(sign)) for i, sign in enumerate(piece)]
            at += len(piece)
            continue
        width = int(piece[0]) if piece[0].isdigit() else _WIDTHS.get(piece, 0)
        if not width or width > 6 or piece.lstrip(_SIGNS) in {name for name, _, _ in places}:
            return None
        places.append((piece.lstrip(_SIGNS), at, at + width))
        at += width
    return at, literals, places


_WIDTHS = {"Y": 4, "G": 4, "y": 2, "m": 2, "d": 2, "V": 2, "H": 2, "M": 2, "S": 2, "q": 1, "u": 1, "f": 6}


@lru_cache(maxsize=256)
def _regex(form: str) -> str:
    clock = _CLOCK_OF_PATTERN.search(form)
    head = form[: clock.start()] if clock else form
    if not clock:
        open_ended = _separated(head) and "d" in {t.lstrip(_SIGNS) for t in _TOKEN.findall(head)}
        return f"^{_literal(head)}{_CLOCK if open_ended else ''}$"
    if clock["rest"].startswith(":%M") and _separated(head) and head:
        return f"^{_literal(head)}{_CLOCK}$"
    tail = clock[0]
    if head and not tail.startswith(("T", " ", ",", "%")):
        head, tail = form, ""
    return f"^{_literal(head)}{_literal(tail)}$"


def _separated(head: str) -> bool:
    """Whether the numbers of a date are parted by something: then a time of day may follow or not."""
    return not re.search(r"%-?[YymdGV]%-?[YymdGV]", head)


def _literal(form: str) -> str:
    """Turn a pattern, token by token, into a regular expression with a named group for each."""
    pieces = _TOKEN.split(form)
    found = []
    for k, piece in enumerate(pieces):
        if k % 2 == 0:
            found.append(re.escape(piece).replace(r"\ ", r"\s+"))
            continue
        name = piece.lstrip(_SIGNS)
        if name == "%":
            found.append("%")
        elif name in _WORDS:
            found.append(f"(?P<{name}>{_WORDS[name]})")
        elif name == "p":
            found.append(r"(?P<p>[AaPp]\.?[Mm]\.?)")
        elif name in ("z", "Z"):
            found.append(rf"\s*(?P<z>{ZONE})")
        elif name in _TWO:
            tight = (k > 1 and not pieces[k - 1]) or (k + 2 < len(pieces) and not pieces[k + 1])
            digits = r"\d{2}" if tight or name in ("y", "M", "S") else r"\d{1,2}"
            found.append(f"(?P<{name}>{digits})")
        else:
            found.append(f"(?P<{name}>{_DIGITS[name]})")
    return "".join(found)


def _number(parts: pl.DataFrame, name: str, missing: int = 0) -> Whole:
    return parts.get_column(name).cast(pl.Int64).fill_null(missing).to_numpy().astype(np.int64)


def _days(parts: pl.DataFrame, count: int) -> tuple[Whole, Mask]:
    names = parts.columns
    if "G" in names:
        weekday = _number(parts, "u", 1) if "u" in names else np.ones(count, dtype=np.int64)
        return week_days(_number(parts, "G", 1970), _number(parts, "V", 1), weekday)
    if not {"Y", "y"} & set(names):
        return np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.bool_)
    year = _number(parts, "Y", 1970) if "Y" in names else full_year(_number(parts, "y", 70))
    if "V" in names:
        weekday = _number(parts, "u", 1) if "u" in names else np.ones(count, dtype=np.int64)
        return week_days(year, _number(parts, "V", 1), weekday)
    wrong = np.zeros(count, dtype=np.bool_)
    month = np.ones(count, dtype=np.int64)
    if "m" in names:
        month = _number(parts, "m", 1)
    elif "q" in names:
        month = _number(parts, "q", 1) * 3 - 2
    elif "b" in names or "B" in names:
        month, wrong = month_numbers(parts.get_column("b" if "b" in names else "B"))
    day = _number(parts, "d", 1) if "d" in names else np.ones(count, dtype=np.int64)
    days, none = civil_days(year, month, day)
    return days, wrong | none


def month_numbers(names: pl.Series) -> tuple[Whole, Mask]:
    """Return the months that English names mean, from 1; and which are no names of months."""
    short = names.str.to_lowercase().str.head(3)
    number = short.replace_strict(MONTHS, list(range(1, 13)), default=None, return_dtype=pl.Int64)
    wrong = (number.is_null() & names.is_not_null()).to_numpy()
    return number.fill_null(1).to_numpy().astype(np.int64), wrong


def is_weekday(word: str) -> bool:
    """Whether a word is the English name of a weekday, perhaps cut short."""
    return word[:3].lower() in WEEKDAYS


def _time_of_day(parts: pl.DataFrame, count: int) -> tuple[Whole, Mask]:
    names = parts.columns
    twelve = np.zeros(count, dtype=np.bool_)
    if "I" in names:
        hour = _number(parts, "I", 12)
    elif "H" in names:
        hour = _number(parts, "H")
    else:
        return np.zeros(count, dtype=np.int64), twelve
    minute = _number(parts, "M") if "M" in names else np.zeros(count, dtype=np.int64)
    second = _number(parts, "S") if "S" in names else np.zeros(count, dtype=np.int64)
    micro = np.zeros(count, dtype=np.int64)
    if "us" in names:
        micro = _number(parts, "us")
    elif "f" in names:
        digits = parts.get_column("f").fill_null("0").str.pad_end(6, "0").str.head(6)
        micro = digits.cast(pl.Int64).to_numpy().astype(np.int64)
    if "p" in names:
        half = parts.get_column("p").str.head(1).str.to_lowercase().fill_null("")
        twelve = (half != "").to_numpy()
    wrong = (minute > 59) | (second > 59) | (twelve & ((hour < 1) | (hour > 12)))
    wrong |= (hour > 24) | ((hour == 24) & (minute + second + micro > 0))
    if "p" in names:
        hour = np.where(twelve, hour % 12 + 12 * (half == "p").to_numpy(), hour)
    return ((hour * 60 + minute) * 60 + second) * SECOND + micro, wrong
