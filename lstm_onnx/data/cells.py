"""What a cell of a table says, and what separates cells: one rule for files, streams and generated programs.

Generated programs get `NAN_WORDS` and `TRUTH` from here (`lstm_onnx.embedding.render`), and follow `parse_number` and
`separator`.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from lstm_onnx.errors import UserError

MISSING = ("", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-")
"""Cells that count as missing, in any mixture of upper and lower case."""
INFINITE = tuple(sign + word for sign, word in product(("", "+", "-"), ("inf", "infinity")))
"""Cells that are infinite, which counts as missing."""
NAN_WORDS = (*MISSING, "+nan", "-nan", *INFINITE)
"""Every cell that is no number of digits, and is read as NaN."""
TRUTH = {"true": 1, "false": 0}
NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$"
"""A number, in small letters and without white space around it: no thousands, no hexadecimal, no other digits."""

SEPARATORS = (",", ";", "\t", "|")
LARGEST = 3.4028234663852886e38
"""Of the numbers of 32 bits, which models take: what is beyond is infinite to them."""
_NUMBER = re.compile(NUMBER.replace("$", r"\Z"))


def parse_number(cell: Any) -> float | None:
    """Return the number in a cell: NaN where it is missing or infinite, None where it is no number.

    Args:
        cell: text as in a CSV file, or a value of JSON.
    """
    if cell is None:
        return math.nan
    if isinstance(cell, int | float):
        try:
            number = float(cell)
        except OverflowError:
            number = math.inf
    elif isinstance(cell, str):
        plain = cell.strip().lower()
        if plain in NAN_WORDS:
            return math.nan
        if plain in TRUTH:
            return float(TRUTH[plain])
        if not _NUMBER.match(plain):
            return None
        number = float(plain)
    else:
        return None
    return number if abs(number) <= LARGEST else math.nan


def separator(header: str) -> str:
    """Return what separates cells: what a header has most of outside quotes; of as many a comma, then a semicolon."""
    bare = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=bare.count)


def rows_of_cells(text: str, mark: str = ",", **form: Any) -> Iterator[list[str]]:
    """Cut a text into rows of cells; a cell may be as long as the text.

    Args:
        text: of one row or many.
        mark: what separates cells.
        **form: other parameters of the csv module.
    """
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # 131,072 letters to begin with: less than a novel
    return csv.reader(io.StringIO(text, newline=""), delimiter=mark, **form)


def split_line(line: str, mark: str) -> list[str]:
    """Cut a line into cells, without white space around them; one in quotes may hold the separator."""
    return [cell.strip() for cell in next(rows_of_cells(line, mark))]


def refuse_equal_names(names: Sequence[str], where: Path | str) -> None:
    """Refuse a header that calls two columns alike; columns without a name may be many."""
    for i, name in enumerate(names):
        if name and name in names[:i]:
            first = names.index(name) + 1
            raise UserError(f"{where}: columns {first} and {i + 1} are both called '{name}'; rename one of them")
