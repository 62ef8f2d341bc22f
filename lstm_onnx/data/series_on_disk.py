"""From a Parquet table in pieces to regular series, each on its grid, without all of it in memory at any time.

The table is read twice: first for where each series begins and ends, then to put every row into its place. Rows may
stand in any order in which a piece has no large gaps: by series and time, or by time.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract_clock import Step
from lstm_onnx.data.frequency import from_ticks, moment_text, stride, ticks
from lstm_onnx.data.room import Room
from lstm_onnx.data.tables import Floats
from lstm_onnx.data.time_series import Series
from lstm_onnx.data.timestamps import Seconds
from lstm_onnx.errors import UserError

Whole = NDArray[np.int64]
Piece = tuple[str, tuple[Series, ...]]
"""Where some rows stand, and the series that they make by themselves."""


class StoredSeries(Sequence[Series]):
    """Series whose rows lie one series after the other in a room, each made when it is asked for.

    It lets go of what was mapped while they are gone through, and holds some bytes for each, as there may be millions.

    Args:
        names: of all series that lie there.
        ends: the row of the arrays at which each ends, (names,).
        time: unix seconds (rows,).
        values: (rows, columns).
        room: where the arrays are kept.
        chosen: numbers of the series; None for all.
    """

    def __init__(
        self, names: Sequence[str], ends: Whole, time: Seconds, values: Floats, room: Room, chosen: Whole | None = None
    ) -> None:
        self._names, self._ends, self._time, self._values = names, ends, time, values
        self._room, self._chosen = room, np.arange(len(names)) if chosen is None else chosen

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self._chosen)

    @overload
    def __getitem__(self, index: int) -> Series: ...

    @overload
    def __getitem__(self, index: slice) -> StoredSeries: ...

    def __getitem__(self, index: int | slice) -> Series | StoredSeries:
        """Return one, or some."""
        if isinstance(index, slice):
            return self.take(range(*index.indices(len(self))))
        at = int(self._chosen[index])
        rows = slice(int(self._ends[at - 1]) if at else 0, int(self._ends[at]))
        return Series(self._names[at], self._time[rows], self._values[rows])

    def __iter__(self) -> Iterator[Series]:
        """Yield one after the other."""
        for index in range(len(self)):
            one = self[index]
            yield one
            self._room.touched(one.values.nbytes + one.time.nbytes)

    def take(self, chosen: Whole | range) -> StoredSeries:
        """Return the series with these numbers."""
        numbers = self._chosen[np.asarray(chosen, dtype=np.int64)]
        return StoredSeries(self._names, self._ends, self._time, self._values, self._room, numbers)


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
    numbers = dict[str, int]()  # of series, in the order in which they first appear
    firsts, lasts = array("q"), array("q")  # ticks of each, the last before the first where nothing is known yet
    for where, series in read():
        for one in series:
            number = numbers.setdefault(one.name, len(numbers))
            if number == len(firsts):
                firsts.append(1)
                lasts.append(0)
            known = np.flatnonzero(~np.isnan(one.values[:, :targets]).all(axis=1))
            if not len(known):
                continue
            first, last = map(int, ticks(one.time[[known[0], known[-1]]], step))
            if lasts[number] < firsts[number]:
                firsts[number], lasts[number] = first, last
            if (first - firsts[number]) % size:
                raise UserError(
                    f"{where}: {_of(one)}{moment_text(int(one.time[known[0]]), step)} is off the grid of the rows "
                    "before it; correct the time, or give --frequency"
                )
            firsts[number], lasts[number] = min(firsts[number], first), max(lasts[number], last)
    begins = np.array(firsts, dtype=np.int64)
    lengths = (np.array(lasts, dtype=np.int64) - begins) // size + 1  # 0 where nothing is known
    ends = np.cumsum(lengths)
    total = int(lengths.sum())
    values = room.empty((total, columns), np.float32 if single else np.float64)
    time = room.empty((total,), np.int64)
    names = list(numbers)
    whole = StoredSeries(names, ends, time, values, room)
    for one, first in zip(whole, begins, strict=True):
        one.values[:] = np.nan
        one.time[:] = from_ticks(first + np.arange(len(one.time)) * size, step)
    there = 0
    for where, series in read():
        for one in series:
            if lengths[numbers[one.name]]:
                there += _put(one, whole[numbers[one.name]], step, where)
                room.touched(one.values.nbytes)
    empty = [names[number] for number in np.flatnonzero(lengths == 0)]
    return Laid(whole.take(np.flatnonzero(lengths)), total, total - there, empty)


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
