"""Tells rows that name, measure or add up from rows of data, by comparing a row with the rest of its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from lstm_onnx.data.cells import MISSING, parse_number

_LEAST = 4
"""Rows that a table must have before one is told from the others."""
_LOOKED_AT = 1000
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}([-/.]\d{1,4})?([T ].*)?\Z")
_BEGINS_AS_NUMBER = r"^[(+-]?\s*[€$£]?\s*[.,]?\d"
_NAMES = re.compile(
    r"(time|date|datetime|timestamp|ds|y|label|class|target|category|text|id|name|value|values|series|sequence|split|"
    r"year|month|day|hour|week)s?\Z",
    re.IGNORECASE,
)
"""What columns are called, and cells are not."""
_TOTAL = re.compile(
    r"(grand |sub)?(total|sum|average|mean|gesamt|summe|mittelwert|durchschnitt|somme|totale|moyenne|suma|media)s?:?\Z",
    re.IGNORECASE,
)


def _known(column: pl.Series, but: int | None = None) -> pl.Series:
    """Cells of a column that are not missing, without one row."""
    head = column.head(_LOOKED_AT)
    if but is not None and but < len(head):
        head = pl.concat([head[:but], head[but + 1 :]])
    plain = head.drop_nulls().str.strip_chars()
    return plain.filter(~plain.str.to_lowercase().is_in(MISSING))


def _of_digits(known: pl.Series) -> bool:
    """Whether cells are numbers or times: all but a few have a digit."""
    return len(known) >= _LEAST and int(known.str.contains(r"\d").sum()) >= 0.9 * len(known)


def is_units(frame: pl.DataFrame, index: int) -> bool:
    """Whether a row stands above the data and says more of the columns: words where all others have digits."""
    if frame.height < index + 1 + _LEAST:
        return False
    words = 0
    below = frame[index + 1 :].head(_LOOKED_AT)
    for name, cell in zip(frame.columns, frame.row(index), strict=True):
        text = str(cell or "").strip()
        known = _known(below.get_column(name))
        if len(known) >= _LEAST and bool(known.str.contains(_BEGINS_AS_NUMBER).all()):
            if _begins_as_number(text):
                return False
            words += bool(text) and text.lower() not in MISSING
        elif text and text in known:
            return False
    return words > 0


def is_totals(frame: pl.DataFrame, index: int) -> str | None:
    """Return the word by which a row at the end adds up the others, where a column of numbers or times has it."""
    for name, cell in zip(frame.columns, frame.row(index), strict=True):
        text = str(cell or "").strip()
        if _TOTAL.match(text) and _of_digits(_known(frame.get_column(name)[:index])):
            return text
    return None


def _is_number(text: str) -> bool:
    return text.lower() not in MISSING and parse_number(text) is not None


def _is_date(text: str) -> bool:
    """Whether it is written as a date, and cannot be a number such as 103.1."""
    return bool(_DATE.match(text)) and not _is_number(text)


def names_columns(line: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether a line names the columns of those below it: all of them, in words, where some below hold digits alone."""
    named = all(name.strip() and not _is_number(name) and not _is_date(name) for name in line)
    digits = [[cells[i] for cells in below if cells[i].strip()] for i in range(len(line))]
    return named and any(2 * sum(_begins_as_number(c) for c in column) > len(column) for column in digits)


def _begins_as_number(cell: str) -> bool:
    return re.match(_BEGINS_AS_NUMBER, cell) is not None


def seems_data(header: Sequence[str], frame: pl.DataFrame) -> str | None:
    """Say why a line that should name the columns seems to hold data like the rows below it; None if it does not.

    Every column has to agree: a name such as `time`, or words above numbers, make it a header.
    """
    if len(header) > 1 and all(_is_number(n) for n in header if n) and any(header):
        return "it holds nothing but numbers" if not _counts(header) else None
    why: str | None = None
    for name, column in zip(header, frame.get_columns(), strict=True):
        if not name or name.lower() in MISSING:
            continue
        if _NAMES.match(name):
            return None
        known = _known(column)
        if not len(known):
            continue
        if _is_number(name) or _is_date(name):
            alike = _alike(name, known)
            if alike is False:
                return None
            why = why or f"'{name}' stands above its like"
        elif len(known) >= _LEAST and bool(known.str.contains(_BEGINS_AS_NUMBER).all()):
            return None
        elif frame.width > 1 and name in known:
            why = why or f"'{name}' is a cell of its column, too"
        elif " " not in name and int(known.str.contains(r"\s").sum()) * 2 >= len(known):
            return None
    if why is not None and _counts([n for n in header if _is_number(n)]):
        return None
    return why


def _alike(name: str, known: pl.Series) -> bool:
    """Whether a number stands above numbers, or a date above dates."""
    cells = known.head(50).to_list()
    test = _is_number if _is_number(name) else _is_date
    return 2 * sum(test(str(cell)) for cell in cells) > len(cells)


def _counts(header: Sequence[str]) -> bool:
    """Whether numbers in a header count up by one, as steps or years do: then they are names."""
    numbers = [parse_number(n) for n in header if n]
    known = [n for n in numbers if n is not None]
    return len(known) >= 3 and all(b - a == 1 for a, b in pairwise(known))
