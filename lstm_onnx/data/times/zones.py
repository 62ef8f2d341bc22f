"""Zones: the clock on the wall decides which day and month it is, and times go back as that clock shows them."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from lstm_onnx.data.times.fields import SECOND, Whole
from lstm_onnx.data.times.patterns import offset_text
from lstm_onnx.errors import UserError

LOCAL = "local"
"""Each time has its own offset, and no zone is known that has them all."""
_KNOWN = (
    "Europe/Berlin", "Europe/London", "Europe/Athens", "Europe/Moscow", "America/New_York", "America/Chicago",
    "America/Denver", "America/Los_Angeles", "America/Sao_Paulo", "America/Santiago", "Australia/Sydney",
    "Australia/Adelaide", "Pacific/Auckland", "Asia/Jerusalem", "America/Halifax", "America/St_Johns",
)  # fmt: skip
"""Zones that change their clocks, one for each rule of today."""
_OFFSET = re.compile(r"^([+-])(\d{2}):(\d{2})$")


def zone_of(wall: Whole, offset: Whole) -> str:
    """Name the zone of times that carry offsets: `UTC`, `+02:00`, one that has just these offsets, or `local`.

    Args:
        wall: microseconds since 1970 by the clock on the wall, of shape (rows,).
        offset: seconds east of UTC.
    """
    different = np.unique(offset)
    if len(different) == 1:
        only = int(different[0])
        return "UTC" if only == 0 else offset_text(only)
    instants = pl.Series(wall - offset * SECOND).cast(pl.Datetime("us", "UTC"))
    fitting = (z for z in _KNOWN if np.array_equal(_epoch(instants.dt.convert_time_zone(z)), wall))
    return next(fitting, LOCAL)


def check_zone(zone: str) -> str:
    """Return a zone as it is kept.

    Raises:
        UserError: it is none.
    """
    if zone.lower() in ("none", LOCAL) or zone.upper() == "UTC":
        return zone.lower() if zone.upper() != "UTC" else "UTC"
    if _OFFSET.match(zone):
        return zone
    try:
        pl.Series([0]).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)
    except pl.exceptions.PolarsError:
        raise UserError(f"--zone '{zone}' is no zone; write it such as Europe/Berlin, UTC or +02:00, or none") from None
    return zone


def wall_in(instant: Whole, zone: str) -> Whole:
    """Return what the clock of a zone shows, both in microseconds."""
    if (match := _OFFSET.match(zone)) is not None:
        return instant + _seconds(match) * SECOND
    return _epoch(pl.Series(instant).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone))


def offsets_at(wall: Whole, zone: str | None) -> Whole | None:
    """Return seconds east of UTC of times by the clock of a zone; None where nothing tells.

    The hour that comes twice when clocks go back counts as the first of the two; of the one that is left out when they
    go forward the offset before it is taken.
    """
    if zone is None or zone == LOCAL:
        return None
    if zone == "UTC":
        return np.zeros(len(wall), dtype=np.int64)
    if (match := _OFFSET.match(zone)) is not None:
        return np.full(len(wall), _seconds(match), dtype=np.int64)
    return (wall - _instants(wall, zone)) // SECOND


def zoned(wall: Whole, zone: str) -> pl.Series:
    """Return a column of times with a zone that polars knows."""
    if (match := _OFFSET.match(zone)) is not None:
        sign = "-" if match[1] == "+" else "+"  # names of this family count westwards
        if match[3] == "00":
            named = f"Etc/GMT{sign}{int(match[2])}"
            return pl.Series(wall - _seconds(match) * SECOND).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(named)
        return pl.Series(wall).cast(pl.Datetime("us"))
    return pl.Series(_instants(wall, zone)).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone)


def _instants(wall: Whole, zone: str) -> Whole:
    naive = pl.Series(wall).cast(pl.Datetime("us"))
    found = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    if found.null_count():
        before = naive.dt.offset_by("-1h")
        earlier = before.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.offset_by("1h")
        found = found.zip_with(found.is_not_null(), earlier)
    return found.dt.epoch("us").to_numpy().astype(np.int64)


def _epoch(times: pl.Series) -> Whole:
    return times.dt.replace_time_zone(None).dt.epoch("us").to_numpy().astype(np.int64)


def _seconds(match: re.Match[str]) -> int:
    size = int(match[2]) * 3600 + int(match[3]) * 60
    return -size if match[1] == "-" else size
