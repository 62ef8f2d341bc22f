"""Windows of series: where the newest known value of each lies, or every so many rows, and what is ahead of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstm_onnx.contract import ColumnsSource, Contract, Step, TimeSource
from lstm_onnx.data.frequency import moment_text
from lstm_onnx.data.time_series import Regular, Series
from lstm_onnx.errors import UserError


@dataclass(frozen=True)
class Window:
    """One series with its forecast origin: row `origin` is the newest with a known target."""

    series: Series
    origin: int

    @property
    def rows(self) -> int:
        """Rows up to and with the origin."""
        return self.origin + 1


def newest_windows(
    read: Regular, targets: Sequence[int], names: Sequence[str], where: str, notes: list[str]
) -> list[Window]:
    """Return a window for each series, up to its newest row with a known target.

    Args:
        read: the series.
        targets: which of their columns decide; any row counts where there is none.
        names: of these columns, for errors.
        where: the file, for errors.
        notes: what is to be said; series without any known value are.

    Raises:
        UserError: no series has one.
    """
    windows, empty = [], []
    for one in read.series:
        seen = ~np.isnan(one.values[:, targets]).all(axis=1) if targets else np.ones(len(one.time), dtype=np.bool_)
        known = np.flatnonzero(seen)
        if len(known):
            windows.append(Window(one, int(known[-1])))
        else:
            empty.append(one.name)
    if not windows:
        raise UserError(f"{where}: no row has a known value of {' or '.join(names)}; fill in the past that you know")
    if empty:
        shown = ", ".join(empty[:5]) + (f" and {len(empty) - 5:,} more" if len(empty) > 5 else "")
        notes.append(f"no forecast for series without any known value: {shown}")
    return windows


def every_window(windows: list[Window], every: int, contract: Contract, notes: list[str]) -> list[Window]:
    """Return the windows that end every so many rows before the newest, too: series by series, the oldest first.

    Each looks at as many rows as in training; of a series that has fewer, there is the newest window alone.

    Args:
        windows: the newest of each series.
        every: how many rows lie between the ends of two.
        contract: says how many rows a window looks back, and ahead.
        notes: what is to be said.
    """
    back, ahead = _rows_of(contract, "past"), _rows_of(contract, "future")
    found, short, unknown = [], [], []
    for window in windows:
        ends = range(window.origin, max(back, 1) - 2, -every)
        there = [end for end in reversed(ends) if len(window.series.time) - (end + 1) >= ahead]
        if not len(ends):
            short.append(window)
        if there and there[-1] != window.origin:
            unknown.append(window)
        found += [replace(window, origin=end) for end in there] or [window]
    if short:
        notes.append(f"series with fewer than {back} rows have one window: {_listed(short)}")
    if unknown:
        notes.append(f"the newest windows without {ahead} rows ahead are left out: {_listed(unknown)}")
    return found


def _rows_of(contract: Contract, rows: str) -> int:
    """Return how many rows windows have, in the past or ahead, as the model was trained."""
    axes = [
        contract.axes[t.dims[-2] if isinstance(t.source, ColumnsSource) else t.dims[-1]]
        for t in contract.inputs
        if isinstance(t.source, ColumnsSource | TimeSource) and t.source.rows == rows
    ]
    typical = rows == "past"  # ahead, a model takes as few as it must
    return max((axis.size or (axis.example_size if typical else None) or axis.min for axis in axes), default=0)


def _looks_ahead(contract: Contract) -> bool:
    return any(isinstance(t.source, ColumnsSource) and t.source.rows == "future" for t in contract.inputs)


def without_ended(windows: list[Window], contract: Contract, notes: list[str]) -> list[Window]:
    """Leave out series that ended before the others and have no row ahead, where the model looks at such rows."""
    if not _looks_ahead(contract):
        return windows
    newest = max(int(w.series.time[w.origin]) for w in windows)
    ended = [w for w in windows if int(w.series.time[w.origin]) < newest and len(w.series.time) == w.rows]
    if ended:
        notes.append(f"no forecast for series that ended before the others, with no row ahead: {_listed(ended)}")
    return [w for w in windows if w not in ended]


def note_ended(windows: list[Window], step: Step, notes: list[str]) -> None:
    """Say which series end before the others, so that their forecasts are of another time."""
    ends = [int(w.series.time[w.origin]) for w in windows]
    early = [w for w, end in zip(windows, ends, strict=True) if end < max(ends)]
    if early:
        first = min(ends)
        more = " and later" if len(early) > 1 else ""
        notes.append(
            f"series that end before the newest time ({moment_text(max(ends), step)}), at {moment_text(first, step)}"
            f"{more}, are forecast from their own end: {_listed(early)}"
        )


def _listed(windows: Sequence[Window]) -> str:
    names = [w.series.name or "the one" for w in windows]
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def note_rest(windows: Sequence[Window], contract: Contract, notes: list[str]) -> None:
    """Say which rows after the origin nobody looks at."""
    if _looks_ahead(contract):
        return
    rest = sum(len(window.series.time) - window.rows for window in windows)
    if rest:
        notes.append(f"{rest:,} rows after the newest known value are not used: this model takes nothing known ahead")
