"""Columns of examples that lie in files: prepared some rows at a time, and the prepared rows kept in files, too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np

from lstm_onnx.data.room import DiskRoom
from lstm_onnx.data.stored_rows import StoredRows, stored
from lstm_onnx.errors import UserError

SHOWN = 1 << 20
"""Examples or windows of an epoch, where they lie in files and there are more."""
LOOKED_AT = 10_000
"""Examples of a part in files that remarks are made of."""
UNSEEN = "the examples lie in files: none is held against all others (repeated ones, nearest neighbours)"
MOST_BYTES = 1 << 28
"""Bytes of prepared pictures, or sounds, that are kept in memory; more lie in the folder for temporary files."""
_AT_ONCE = 1 << 14
_BYTES_AT_ONCE = 1 << 20


def lies_in_files(columns: Iterable[Sequence[Any]]) -> bool:
    """Whether rows of a column are read from files."""
    return any(isinstance(column, StoredRows) for column in columns)


def some_at_once(column: Sequence[Any], at_once: int | None = None) -> Iterator[Sequence[Any]]:
    """Yield the rows of a column in files some at a time; those of one in memory all together, unless it is said."""
    if not isinstance(column, StoredRows) and at_once is None:
        yield column
        return
    rows = iter(column)
    while some := list(islice(rows, at_once or _AT_ONCE)):
        yield some


def prepared(
    prepare: Callable[[Sequence[Any]], Sequence[Any]], column: Sequence[Any], weight: int = 0
) -> Sequence[Any]:
    """Return the prepared rows of a column: in files, if it lies there, or if they are many.

    Args:
        prepare: makes them of rows.
        column: the rows.
        weight: bytes of a prepared row, where they are far more than those of a row.

    Raises:
        UserError: as `prepare`; says from which row on it counts.
    """
    if not isinstance(column, StoredRows) and weight * len(column) <= MOST_BYTES:
        return prepare(column)
    at_once = max(1, min(_AT_ONCE, _BYTES_AT_ONCE // max(weight, 1)))
    return stored(_each(prepare, column, at_once), column.room if isinstance(column, StoredRows) else DiskRoom())


def _each(
    prepare: Callable[[Sequence[Any]], Sequence[Any]], column: Sequence[Any], at_once: int
) -> Iterator[Sequence[Any]]:
    for number, some in enumerate(some_at_once(column, at_once)):
        try:
            yield prepare(some)
        except UserError as error:
            raise UserError(f"{error} (counted from example {number * at_once + 1:,} of a part)") from None


def spread_rows(each: Callable[[Any], Sequence[Any]], column: Sequence[Any]) -> Sequence[Any]:
    """Return what a function makes of each row, one after the other: in files, if the column lies there."""
    made = ([one for row in some for one in each(row)] for some in some_at_once(column))
    return stored(made, column.room) if isinstance(column, StoredRows) else next(made)


def most_frequent(texts: Callable[[], Iterable[str]]) -> str:
    """Return the text that is there most often, the first by the alphabet of several; without keeping all of them.

    They are counted by a number of 64 bits each, and gone through twice.
    """
    numbers = np.fromiter(map(_number, texts()), np.uint64)
    found, counts = np.unique(numbers, return_counts=True)
    likeliest = set(found[counts == counts.max()].tolist())
    return min(text for text in texts() if _number(text) in likeliest)


def _number(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "little")
