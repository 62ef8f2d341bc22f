"""Rows of a column in files: arrays, texts or anything else, each read when it is asked for."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.data.room import MAPPED, DiskRoom

Whole = NDArray[np.int64]
_TOGETHER = 1024
_SHORT, _SHARED = 32, 4096
"""Texts of at most so many characters are the same object where they are equal, as long as they are this few."""


class StoredRows(Sequence[Any]):
    """Rows of a `RowWriter`, all or chosen ones.

    Args:
        room: where they are kept.
        content: bytes of all rows, (bytes,) uint8.
        ends: where each row ends in it, (rows,) int64.
        plain: whether a row is a bare array as `like` is, (rows,) bool; else it is pickled.
        like: an array of no steps.
        chosen: numbers of the rows; None for all.
        shared: short texts, by themselves.
        then: what is made of a row whenever it is read.
    """

    def __init__(
        self,
        room: DiskRoom,
        content: NDArray[np.uint8],
        ends: Whole,
        plain: NDArray[np.bool_],
        like: NDArray[Any],
        chosen: Whole | None = None,
        shared: dict[str, str] | None = None,
        then: Callable[[Any], Any] | None = None,
    ) -> None:
        self.room, self._content, self._ends, self._plain, self._like = room, content, ends, plain, like
        self._chosen, self._shared, self._then = chosen, {} if shared is None else shared, then

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._ends if self._chosen is None else self._chosen)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> StoredRows: ...

    def __getitem__(self, index: int | slice) -> Any:
        """Return one row, or some of them."""
        if isinstance(index, slice):
            return self.take(range(*index.indices(len(self))))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        at = index % len(self) if self._chosen is None else int(self._chosen[index])
        begin, end = int(self._ends[at - 1]) if at else 0, int(self._ends[at])
        self.room.touched(4 * MAPPED + end - begin)  # of the row, its ends, and how it is kept
        found = self._read(bool(self._plain[at]), self._content[begin:end])
        return found if self._then is None else self._then(found)

    def _read(self, bare: bool, data: NDArray[np.uint8]) -> Any:
        if bare:
            values = data.view(self._like.dtype)
            return values.reshape(-1, *self._like.shape[1:]) if self._like.ndim else values[0]
        row = pickle.loads(data.data)  # written by this process, into a file that no other has a name of
        if isinstance(row, str) and len(row) <= _SHORT:
            return self._shared.setdefault(row, row) if len(self._shared) < _SHARED else self._shared.get(row, row)
        return row

    def __iter__(self) -> Iterator[Any]:
        """Yield one after the other; those that stand side by side are read together."""
        for first in range(0, len(self), _TOGETHER):
            rows = range(first, min(first + _TOGETHER, len(self)))
            if self._chosen is None:
                ats = np.arange(rows.start, rows.stop)
            else:
                ats = self._chosen[rows.start : rows.stop]
            begins = np.where(ats > 0, self._ends[ats - 1], 0).tolist()
            ends, plain = self._ends[ats].tolist(), self._plain[ats].tolist()
            self.room.touched(MAPPED * (1 + int((np.diff(ats) != 1).sum())) + sum(ends) - sum(begins))
            for begin, end, bare in zip(begins, ends, plain, strict=True):
                found = self._read(bare, self._content[begin:end])
                yield found if self._then is None else self._then(found)

    def take(self, chosen: Whole | range) -> StoredRows:
        """Return the rows with these numbers."""
        numbers = np.asarray(chosen, dtype=np.int64)
        return self._with(numbers if self._chosen is None else self._chosen[numbers], self._then)

    def each(self, then: Callable[[Any], Any]) -> StoredRows:
        """Return what a function makes of each row, made whenever it is read."""
        before = self._then
        return self._with(self._chosen, then if before is None else lambda row: then(before(row)))

    def _with(self, chosen: Whole | None, then: Callable[[Any], Any] | None) -> StoredRows:
        return StoredRows(
            self.room, self._content, self._ends, self._plain, self._like, chosen, self._shared, then
        )  # fmt: skip


class RowWriter:
    """Writes rows into files of a room, one after the other.

    The first row decides what a bare array looks like: its type, and its shape but for the steps.
    """

    def __init__(self, room: DiskRoom) -> None:
        self.room = room
        self._content, self._ends, self._plain = room.growing(), room.growing(), room.growing()
        self._like: NDArray[Any] | None = None

    def add(self, rows: Iterable[Any]) -> None:
        """Append rows.

        Raises:
            UserError: the disk is full.
        """
        ends, plain = list[int](), list[bool]()
        for row in rows:
            bare = isinstance(row, np.ndarray | np.generic) and not row.dtype.hasobject
            array = np.asarray(row) if bare else np.empty(0)
            if self._like is None:
                self._like = array[:0] if array.ndim else array
            bare = bare and array.dtype == self._like.dtype and array.shape[1:] == self._like.shape[1:]
            bare = bare and array.ndim == self._like.ndim
            self._content.add(np.ascontiguousarray(array).tobytes() if bare else pickle.dumps(row, 5))
            ends.append(self._content.size)
            plain.append(bare)
        self._ends.add(np.array(ends, dtype=np.int64).tobytes())
        self._plain.add(np.array(plain, dtype=np.bool_).tobytes())

    def stored(self) -> StoredRows:
        """Return what was written; nothing more can be."""
        like = np.empty(0) if self._like is None else self._like
        ends, plain = self._ends.mapped().view(np.int64), self._plain.mapped().view(np.bool_)
        return StoredRows(self.room, self._content.mapped(), ends, plain, like)


def stored(rows: Iterable[Sequence[Any]], room: DiskRoom) -> StoredRows:
    """Write rows that come some at a time, and return them."""
    writer = RowWriter(room)
    for some in rows:
        writer.add(some)
    return writer.stored()
