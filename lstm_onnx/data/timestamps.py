"""Times as graphs count them: whole seconds since 1970 of the clock on the wall, as if it stood in UTC.

How a column says them is decided and followed in `lstm_onnx.data.times`.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.data.times.find import looks_like_time as looks_like_time
from lstm_onnx.data.times.find import require_asked as require_asked
from lstm_onnx.data.times.find import require_time as require_time
from lstm_onnx.data.times.reader import decide_times
from lstm_onnx.errors import UserError

Seconds = NDArray[np.int64]


def moments(frame: pl.DataFrame, column: str, where: Path | str) -> tuple[Seconds, tuple[str, ...]]:
    """Read a column of times that no contract knows, to put rows in order.

    Returns:
        microseconds since 1970 in UTC, or the number of the step, of shape (rows,); and one line for each thing that a
        person should know of the reading.

    Raises:
        UserError: the column does not exist, or a cell is no time, or can be read in two ways.
    """
    try:
        stamps = decide_times(frame, (column,), where)
    except UserError as error:  # what only orders rows has no option of its own
        raise UserError(re.sub(r"give --time-format [^,]*, or ", "", str(error))) from None
    return stamps.instant, stamps.notes


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
