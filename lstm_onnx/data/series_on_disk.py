"""From a Parquet table in pieces to regular series, each on its grid, without all of it in memory at any time.

The table is read twice: first for where each series begins and ends, then to put every row into its place. Rows may
stand in any order in which a piece has no large gaps: by series and time, or by time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import polars as pl

from lstm_onnx.contract_clock import Step
from lstm_onnx.data.frequency import from_ticks, moment_text, stride, ticks
from lstm_onnx.data.room import Room
from lstm_onnx.data.tables import Floats
from lstm_onnx.data.time_series import Series
from lstm_onnx.errors import UserError

Piece = tuple[str, tuple[Series, ...]]
"""Where some rows stand, and the series that they make by themselves."""


class StoredSeries(Sequence[Series]):
    """Series whose rows are in a room; it lets go of what was mapped while they are gone through.

    Args:
        series: views of arrays of the room.
        room: where they are kept.
    """

    def __init__(self, series: Sequence[Series], room: Room) -> None:
        self._series, self._room = series, room

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self._series)

    @overload
    def __getitem__(self, index: int) -> Series: ...

    @overload
    def __getitem__(self, index: slice) -> StoredSeries: ...

    def __getitem__(self, index: int | slice) -> Series | StoredSeries:
        """Return one, or some."""
        found = self._series[index]
        return found if isinstance(found, Series) else StoredSeries(found, self._room)

    def __iter__(self) -> Iterator[Series]:
        """Yield one after the other."""
        for one in self._series:
            yield one
            self._room.touched(one.values.nbytes + one.time.nbytes)


@dataclass(frozen=True)
class Laid:
    """What was laid out.

    Attributes:
        series: from its first row with a known target to its last.
        rows: of all of them, with those that were not there.
        absent: rows that were not there, and count as missing.
        empty: names of series without a single known target.
    """

    series: StoredSeries
    rows: int
    absent: int
    empty: list[str]


def lay_out(
    read: Callable[[], Iterator[Piece]], targets: int, columns: int, step: Step, room: Room, single: bool
) -> Laid:
    """Put the series of all pieces together.

    Args:
        read: reads all pieces, from the first one on; is called twice.
        targets: the first columns, of which a row at the ends of a series has one that is known.
        columns: of the values.
        step: the distance between rows.
        room: where the rows are kept.
        single: whether all values are whole in float32.

    Raises:
        UserError: a row is off the grid of its series, or two rows of a series have one time.
    """
    size = stride(step)
    found: dict[str, list[int]] = {}  # in the order in which they first appear
    for where, series in read():
        for one in series:
            known = np.flatnonzero(~np.isnan(one.values[:, :targets]).all(axis=1))
            held = found.setdefault(one.name, [])
            if not len(known):
                continue
            first, last = map(int, ticks(one.time[[known[0], known[-1]]], step))
            held[:] = held or (first, last)
            if (first - held[0]) % size:
                raise UserError(
                    f"{where}: {_of(one)}{moment_text(int(one.time[known[0]]), step)} is off the grid of the rows "
                    "before it; correct the time, or give --frequency"
                )
            held[:] = min(held[0], first), max(held[1], last)
    ends = {name: held for name, held in found.items() if held}
    lengths = np.array([(last - first) // size + 1 for first, last in ends.values()], dtype=np.int64)
    offsets = np.cumsum(lengths) - lengths
    total = int(lengths.sum())
    values = room.empty((total, columns), np.float32 if single else np.float64)
    time = room.empty((total,), np.int64)
    made = list[Series]()
    for (name, (first, last)), begin, length in zip(ends.items(), offsets.tolist(), lengths.tolist(), strict=True):
        rows = slice(begin, begin + length)
        values[rows] = np.nan
        time[rows] = from_ticks(np.arange(first, last + 1, size), step)
        made.append(Series(name, time[rows], values[rows]))
        room.touched(values[rows].nbytes + time[rows].nbytes)
    place = {name: number for number, name in enumerate(ends)}
    there = 0
    for where, series in read():
        for one in series:
            if one.name in place:
                there += _put(one, made[place[one.name]], step, where)
                room.touched(one.values.nbytes)
    return Laid(StoredSeries(made, room), total, total - there, [name for name in found if name not in ends])


def _put(one: Series, whole: Series, step: Step, where: str) -> int:
    """Put the rows of a piece that say something into their places; return how many there were."""
    size = stride(step)
    begin = (int(ticks(one.time[:1], step)[0]) - int(ticks(whole.time[:1], step)[0])) // size
    low, high = max(0, -begin), min(len(one.time), len(whole.time) - begin)
    values: Floats = one.values[low:high]
    place = whole.values[begin + low : begin + high]
    says = ~np.isnan(values).all(axis=1)
    twice = np.flatnonzero(says & ~np.isnan(place).all(axis=1))
    if len(twice):
        time = moment_text(int(one.time[low + int(twice[0])]), step)
        raise UserError(
            f"{where}: {_of(one)}{time} is the time of a row before it, too; leave one row for each time, or name the "
            "column that tells series apart with --series"
        )
    place[says] = values[says]
    return int(says.sum())


def _of(one: Series) -> str:
    return f"series '{one.name}', " if one.name else ""


def fits_single(kinds: Sequence[pl.DataType]) -> bool:
    """Whether float32 holds all numbers of columns of these kinds as they are."""
    return all(kind in (pl.Float32, pl.Int8, pl.Int16, pl.UInt8, pl.UInt16, pl.Boolean) for kind in kinds)
