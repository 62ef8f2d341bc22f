"""Tells columns of numbers that measure something from those that only name or count rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from lstm_onnx.data.understanding import Understanding

_ID = re.compile(r"(?:.*[ _.-])?(?:id|ids|uid|uuid|guid|sku|isbn|ean|zip|zipcode|plz|postcode|rowid)\Z", re.IGNORECASE)
_CAMEL = re.compile(r".*[a-z]I[Dd]\Z")
_NUMBERED = re.compile(r"(?P<stem>.*?)[ _.-]?(?P<number>\d+)(?P<end>\D*)\Z")
_FAR = 100.0
"""A column whose numbers are this many times larger or smaller than all others' is another thing than they are."""


def is_id_name(name: str) -> bool:
    """Whether a name says that a column names things: `customer_id`, `storeId`, `sku`."""
    return bool(_ID.match(name.strip()) or _CAMEL.match(name.strip()))


def no_measure(table: Understanding, column: str) -> str | None:
    """Say why the numbers of a column are probably no measure: an id, a count of the rows, one value; None if they are.

    Only whole numbers name or count.
    """
    values = table.values(column)
    if len(values) < 3:
        return None
    if bool((values == values[0]).all()):
        return f"has one value, {values[0]:g}, in all rows"
    if not bool((values == np.floor(values)).all()):
        return None
    if is_id_name(column):
        return "has the name of an id, and whole numbers"
    if bool((np.diff(values) == 1).all()):
        return f"counts the rows, from {values[0]:g} on"
    return None


def numbered(names: Sequence[str], gaps: bool = False) -> dict[tuple[str, str], list[str]]:
    """Group names that differ by a number alone, in the order of their numbers, which count up by one.

    Args:
        names: of columns.
        gaps: take groups in which numbers are missing, too.

    Returns:
        what stands before and after the number -> the names; groups of less than three are left out.
    """
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for name in names:
        if match := _NUMBERED.match(name.strip()):
            found.setdefault((match["stem"], match["end"]), []).append((int(match["number"]), name))
    groups = {}
    for key, members in found.items():
        numbers = sorted(n for n, _ in members)
        if len(members) > 2 and (gaps or numbers == list(range(numbers[0], numbers[0] + len(numbers)))):
            groups[key] = [name for _, name in sorted(members)]
    return groups


def number_in(name: str) -> int:
    """Return the number by which `numbered` orders a name; -1 where it has none."""
    match = _NUMBERED.match(name.strip())
    return int(match["number"]) if match else -1


def odd_ones(table: Understanding, columns: Sequence[str]) -> dict[str, str]:
    """Say which of some columns of numbers, meant to be the same thing, differ from all others by magnitudes."""
    sizes = {}
    for column in columns:
        values = np.abs(table.values(column))
        if len(values) and values.max() > 0:
            sizes[column] = float(np.median(values[values > 0]))
    if len(sizes) < 4:
        return {}
    usual = float(np.median(list(sizes.values())))
    return {
        c: f"is of another size than the other columns (about {size:.3g}, the others {usual:.3g})"
        for c, size in sizes.items()
        if size > _FAR * usual or size < usual / _FAR
    }
