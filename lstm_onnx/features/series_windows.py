"""Windows of series, gathered from one long array without a copy of each.

All series lie one after another in a `WindowStore`, each with `window` empty rows in front of it, so that a window may
begin before the first known value: its values are NaN there and its times go on backwards. An example is one number,
the row of its forecast origin (the newest past row); a batch is one fancy index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.contract import Step
from lstm_onnx.data.frequency import advance
from lstm_onnx.data.parts import PARTS, Part
from lstm_onnx.data.room import MAPPED, MEMORY, Room
from lstm_onnx.data.time_series import Series
from lstm_onnx.errors import UserError
from lstm_onnx.features.series_parts import LEAST, SeriesPart, SeriesParts
from lstm_onnx.features.series_scales import Scales, scales_of, static_values
from lstm_onnx.features.stored import SHOWN

Array = NDArray[Any]
Ints = NDArray[np.int64]

_APART = 64
"""Windows that lie anywhere in files, and are gathered at once."""
_STRETCH = 1 << 18
"""Rows that are worked on at once."""


@dataclass(frozen=True)
class Layout:
    """Which columns the values of a series hold, in this order, and how much of them an example sees.

    Attributes:
        target: names of what is forecast.
        past: names of what is known up to now.
        future: names of what is known ahead.
        static: names of what does not change within a series.
        window: rows in an example's past.
        horizon: rows in an example's future.
    """

    target: tuple[str, ...]
    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    window: int = 1
    horizon: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        """All columns."""
        return (*self.target, *self.past, *self.future, *self.static)


@dataclass(frozen=True)
class WindowStore:
    """All series, one after another.

    Attributes:
        layout: which columns there are.
        step: the distance between rows.
        time: int64 unix seconds (rows,).
        values: float32 (rows, target), NaN where missing.
        past: float32 (rows, past + future columns).
        future: float32 (rows, future columns).
        static: float32 (series, static columns).
        unit: float32 (series, target), what errors of each series are divided by to be compared.
        names: of the series.
        begins: the row at which each series begins, behind its padding.
        scales: what the training rows tell of the columns.
        known: rows with a known target before each row, and of all at last (rows + 1,).
        room: where the arrays with a row each are kept.
    """

    layout: Layout
    step: Step
    time: Ints
    values: Array
    past: Array
    future: Array
    static: Array
    unit: Array
    names: tuple[str, ...]
    begins: Ints
    scales: Scales = field(repr=False)
    known: Ints = field(repr=False)
    room: Room = field(default=MEMORY, repr=False)

    def owner(self, rows: Ints) -> Ints:
        """Return the number of the series of each row, none of them padding."""
        return np.searchsorted(self.begins, rows, side="right") - 1

    def usable(self, origins: Ints, least: int) -> Ints:
        """Keep origins whose window has at least `least` rows with a known target, and whose future has one."""
        known = self.known
        seen = known[origins + 1] - known[origins + 1 - self.layout.window]
        ahead = known[origins + 1 + self.layout.horizon] - known[origins + 1]
        kept: Ints = origins[(seen >= least) & (ahead > 0)]
        self.room.touched(3 * known.itemsize * len(origins))  # they are kept beside those of `known`, too
        return kept


def make_store(
    series: Sequence[Series],
    parts: Sequence[SeriesPart],
    step: Step,
    layout: Layout,
    unit: Array,
    where: object,
    log: bool = False,
    scales: Scales | None = None,
    room: Room = MEMORY,
) -> WindowStore:
    """Lay out the series, and take their scales from the training rows.

    Args:
        series: values (rows, columns of the layout).
        parts: of each series.
        step: the distance between rows.
        layout: of the columns and windows.
        unit: (series, targets), what errors of each are divided by; NaN where there is nothing.
        where: the data comes from, for errors.
        log: whether targets are taken by their logarithm.
        scales: where they are known already: nothing is taken from these series then.
        room: where the arrays are kept.

    Raises:
        UserError: a column holds no number in the training part, or a static one changes.
    """
    static = static_values(series, layout.names, len(layout.static), where)
    window, targets = layout.window, len(layout.target)
    lengths = np.array([len(s.time) for s in series], dtype=np.int64)
    begins = np.cumsum(lengths + window) - lengths
    total = int((lengths + window).sum())
    numbers = len(layout.names) - len(layout.static)
    everything = room.empty((total, numbers), np.float32)
    time, known = (room.empty((size,), np.int64) for size in (total, total + 1))
    before = np.arange(-window, 0)
    known[0] = 0
    for begin, one in zip(begins, series, strict=True):
        everything[begin - window : begin] = np.nan
        time[begin - window : begin] = advance(one.time[:1], step, before)
        known[begin - window + 1 : begin + 1] = known[begin - window]
        for first in range(0, len(one.time), _STRETCH):
            rows = slice(first, first + _STRETCH)
            at = slice(begin + first, begin + min(first + _STRETCH, len(one.time)))
            everything[at], time[at] = one.values[rows, :numbers], one.time[rows]
            there = ~np.isnan(everything[at, :targets]).all(axis=1)
            known[at.start + 1 : at.stop + 1] = known[at.start] + np.cumsum(there)
            room.touched(2 * one.values[rows].nbytes + 3 * one.time[rows].nbytes)
    return WindowStore(
        layout=layout,
        step=step,
        time=time,
        values=everything[:, :targets],
        past=everything[:, targets:],
        future=everything[:, targets + len(layout.past) :],
        static=np.asarray(static, dtype=np.float32),
        unit=np.asarray(unit, dtype=np.float32),
        names=tuple(one.name for one in series),
        begins=begins,
        scales=scales or scales_of(series, parts, layout.names, targets, window, log, where),
        known=known,
        room=room,
    )


@dataclass(frozen=True)
class Windows(Sequence[dict[str, Array]]):
    """Windows by the rows of their forecast origins, as the column of examples that `Series` and `Ahead` take.

    A window holds `values` (window, target) with NaN where missing, `time` (window,) in unix seconds, and where there
    are such columns `past` (window, past + future), `future` (horizon, future) and `static` (static,); what is to be
    answered is `actual` (horizon, target), with the `mase_scale` (target,) of its series. All in the user's units,
    float32 but for the time. A batch has an axis before these.
    """

    store: WindowStore
    origins: Ints

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.origins)

    @overload
    def __getitem__(self, index: int) -> dict[str, Array]: ...

    @overload
    def __getitem__(self, index: slice) -> Windows: ...

    def __getitem__(self, index: int | slice) -> dict[str, Array] | Windows:
        """Return one window, or some of them."""
        if isinstance(index, slice):
            return Windows(self.store, self.origins[index])
        found = self.gather(np.array([index])) | self.gather_truth(np.array([index]))
        return {name: array[0] for name, array in found.items()}

    def take(self, chosen: Ints | range) -> Windows:
        """Return the windows with these numbers; those of a range are not copied."""
        at = slice(chosen.start, chosen.stop) if isinstance(chosen, range) else chosen
        return Windows(self.store, self.origins[at])

    @property
    def shown(self) -> int | None:
        """How many an epoch shows, drawn at random, where it does not show all."""
        return SHOWN if self.store.room.on_disk and len(self) > SHOWN else None

    def gather(self, chosen: Ints) -> dict[str, Array]:
        """Return what goes in of the windows with these numbers."""
        return self._some_at_once(self._gather, chosen)

    def gather_truth(self, chosen: Ints) -> dict[str, Array]:
        """Return what is to be answered."""
        return self._some_at_once(self._gather_truth, chosen)

    def _some_at_once(self, gather: Callable[[Ints], dict[str, Array]], chosen: Ints) -> dict[str, Array]:
        """Gather from files so few windows at once that what the system maps for them stays little."""
        room = self.store.room
        if not room.on_disk:
            return gather(chosen)
        found = []
        for begin in range(0, max(1, len(chosen)), _APART):
            found.append(gather(chosen[begin : begin + _APART]))
            room.touched(4 * MAPPED * len(chosen[begin : begin + _APART]))  # origin, time, values, and what is ahead
        return found[0] if len(found) == 1 else {n: np.concatenate([one[n] for one in found]) for n in found[0]}

    def _gather(self, chosen: Ints) -> dict[str, Array]:
        store, origins = self.store, self.origins[chosen]
        rows = origins[:, None] + np.arange(1 - store.layout.window, 1)
        batch = {"values": store.values[rows], "time": store.time[rows]}
        if store.past.shape[1]:
            batch["past"] = store.past[rows]
        if store.future.shape[1]:
            batch["future"] = store.future[self._ahead(origins)]
        if store.static.shape[1]:
            batch["static"] = store.static[store.owner(origins)]
        return batch

    def _gather_truth(self, chosen: Ints) -> dict[str, Array]:
        origins = self.origins[chosen]
        return {
            "actual": self.store.values[self._ahead(origins)],
            "mase_scale": self.store.unit[self.store.owner(origins)],
        }

    def _ahead(self, origins: Ints) -> Ints:
        rows: Ints = origins[:, None] + np.arange(1, self.store.layout.horizon + 1)
        return rows

    def __iter__(self) -> Iterator[dict[str, Array]]:
        """Yield one window after the other."""
        return (self[i] for i in range(len(self)))

    def newest_known(self, chosen: Ints) -> Array:
        """Say of each of these windows whether all targets of its newest row are known."""
        found: list[Array] = [np.empty(0, dtype=np.bool_)]
        for begin in range(0, len(chosen), _APART):
            origins = self.origins[chosen[begin : begin + _APART]]
            found.append(np.asarray(~np.isnan(self.store.values[origins]).any(axis=1)))
            self.store.room.touched(2 * MAPPED * len(origins))
        return np.concatenate(found)

    @property
    def owners(self) -> Owners:
        """The name of the series of each window."""
        return Owners(self)


@dataclass(frozen=True)
class Owners(Sequence[str]):
    """The name of the series of each window, looked up when it is asked for."""

    windows: Windows

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.windows)

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Owners: ...

    def __getitem__(self, index: int | slice) -> str | Owners:
        """Return one name, or those of some windows."""
        if isinstance(index, slice):
            return Owners(self.windows[index])
        store = self.windows.store
        return store.names[int(store.owner(self.windows.origins[[index]])[0])]


@dataclass(frozen=True)
class Truths(Sequence[dict[str, Array]]):
    """What the same windows are to be answered with."""

    windows: Windows

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.windows)

    @overload
    def __getitem__(self, index: int) -> dict[str, Array]: ...

    @overload
    def __getitem__(self, index: slice) -> Truths: ...

    def __getitem__(self, index: int | slice) -> dict[str, Array] | Truths:
        """Return one, or some."""
        return Truths(self.windows[index]) if isinstance(index, slice) else self.windows[index]

    def gather(self, chosen: Ints) -> dict[str, Array]:
        """Return those with these numbers."""
        return self.windows.gather_truth(chosen)


def windows_by_time(store: WindowStore, parts: SeriesParts, where: object) -> tuple[Windows, dict[Part, range]]:
    """Give each window to the part in which its whole horizon lies; what it sees before may lie in an older part.

    Returns:
        all windows, and which are those of each part.

    Raises:
        UserError: too much is missing to learn, or to test.
    """
    cuts = (np.zeros(len(parts), dtype=np.int64), *parts.cuts.T)
    bounds: dict[Part, tuple[Ints, Ints]] = {
        part: (store.begins + np.maximum(low, 1) - 1, store.begins + high - store.layout.horizon)
        for part, (low, high) in zip(PARTS, pairwise(cuts), strict=True)
    }
    most = sum(int(np.maximum(high - low, 0).sum()) for low, high in bounds.values())
    found, filled = store.room.empty((most,), np.int64), 0
    numbers = dict[Part, range]()
    for part, (low, high) in bounds.items():
        begin = filled
        for rows in ranges(low, high):
            origins = store.usable(rows, 1 if part == "test" else LEAST)
            found[filled : filled + len(origins)] = origins
            filled += len(origins)
        numbers[part] = range(begin, filled)
        if part != "validation" and not len(numbers[part]):
            raise UserError(
                f"{where}: too many values are missing: no window to {'learn from' if part == 'train' else 'test on'} "
                f"has {LEAST} known values before and one within the horizon of {store.layout.horizon}; raise "
                "--window, or fill the table in"
            )
    return Windows(store, found[:filled]), numbers


def ranges(low: Ints, high: Ints) -> Iterator[Ints]:
    """Yield the whole numbers of all ranges from `low` up to `high`, one range after the other, some at a time."""
    counts = np.maximum(high - low, 0)
    ends = np.cumsum(counts)
    first = low - (ends - counts)
    for begin in range(0, int(counts.sum()), _STRETCH):
        numbers = np.arange(begin, min(begin + _STRETCH, int(ends[-1])))
        yield first[np.searchsorted(ends, numbers, side="right")] + numbers
