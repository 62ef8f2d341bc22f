"""From regular series to the examples of a task on `Series` and `Ahead`, parted by time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstm_onnx.contract import Table
from lstm_onnx.data.frequency import moment_text, step_text
from lstm_onnx.data.room import MEMORY, Room
from lstm_onnx.data.time_series import Series as RegularSeries
from lstm_onnx.errors import UserError
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.series import Series
from lstm_onnx.features.series_parts import SeriesParts, cut_parts, listed
from lstm_onnx.features.series_scales import Scales, mase_scale, note_constants
from lstm_onnx.features.series_windows import Layout, Windows, make_store, ranges, windows_by_time
from lstm_onnx.features.split import taken


def series_examples(
    found: Sequence[RegularSeries],
    series: Series,
    ahead: Ahead,
    table: Table,
    *,
    where: object,
    season: int = 1,
    test_size: int | None = None,
    validation_size: int | None = None,
    parts: SeriesParts | None = None,
    notes: Sequence[str] = (),
    room: Room = MEMORY,
) -> Examples:
    """Return every window of the series, by what `series` says of it.

    Args:
        found: values (rows, target + past + future + static columns), as `lstm_onnx.data.time_series` reads them.
        series: the feature that goes in; its window and horizon are those of the examples.
        ahead: the feature that comes out.
        table: how `predict` reads a person's table.
        where: the data comes from, for errors.
        season: rows of a season: MASE holds errors against those of a forecast that repeats the last one.
        test_size: newest rows of each series to test on; None takes the horizon, or a tenth if that is more.
        validation_size: rows before them to validate on; None takes as many, 0 none.
        parts: where each series is cut, if that is known already.
        notes: what was repaired on the way here.
        room: where windows are kept.

    Raises:
        UserError: the series are too short, or too much of them is missing.
    """
    told = list(notes)
    if parts is None:
        parts, kept = cut_parts(found, series.horizon, test_size, validation_size, where, told)
        found = taken(found, kept)
    unit = mase_scale(found, parts, len(series.target), season)
    store = make_store(found, parts, series.step, _layout(series), unit, where, series.transform == "log", room=room)
    note_constants(found, series.target, told)
    windows, numbers = windows_by_time(store, parts, where)
    learnt = windows.take(numbers["train"])
    if learnt.shown is not None:
        told.append(f"an epoch shows {learnt.shown:,} of {len(learnt):,} windows, drawn at random")
    labels = [part for part, those in numbers.items() for _ in those] if not room.on_disk else None
    return Examples(
        columns={series.name: windows, ahead.name: windows},
        part=labels if labels is not None else numbers,
        cut="",
        table=table,
        notes=tuple(told),
        inputs=(series,),
        outputs=(ahead,),
        told=_told(found, series),
        places=_places(windows),
    )


def examples_to_score(
    found: Sequence[RegularSeries],
    series: Series,
    ahead: Ahead,
    table: Table,
    *,
    where: object,
    season: int = 1,
    notes: Sequence[str] = (),
    room: Room = MEMORY,
) -> Examples:
    """Return every window of other data of which window and horizon lie within it; nothing is learnt from it.

    A series that is too short for that gives one window, of its newest rows from all before them. MASE is scaled by the
    error of the seasonal naive forecast within this data: that of the training data is not known of new series.

    Args:
        found: as for `series_examples`.
        series: the feature that goes in, fitted.
        ahead: the feature that comes out.
        table: how the data was read.
        where: it comes from, for errors.
        season: rows of a season.
        notes: what was repaired on the way here.
        room: where windows are kept.

    Raises:
        UserError: all series are too short, or too much of them is missing.
    """
    told, horizon = list(notes), series.horizon
    lengths = np.array([len(one.time) for one in found], dtype=np.int64)
    kept = taken(found, np.flatnonzero(lengths > horizon))
    if not kept:
        longest = int(max(lengths, default=0))
        raise UserError(
            f"{where}: {longest:,} row{'s' * (longest != 1)} with values, and {horizon + 1:,} are needed: one to "
            f"forecast from, and {horizon:,} to hold the forecast against"
        )
    if gone := [one.name for one in found if len(one.time) <= horizon]:
        told.append(f"left out, no longer than the horizon of {horizon} rows: {listed(gone)}")
    lengths = lengths[lengths > horizon]
    whole = SeriesParts(np.repeat(lengths[:, None], 3, axis=1))
    store = make_store(
        kept,
        whole,
        series.step,
        _layout(series),
        mase_scale(kept, whole, len(series.target), season),
        where,
        scales=Scales(series.center, series.spread, series.least, series.least_share, 0),
        room=room,
    )
    low = store.begins + np.minimum(series.window, lengths - horizon) - 1
    origins = np.concatenate([*ranges(low, store.begins + lengths - horizon)])
    windows = Windows(store, store.usable(origins, 1))
    if not len(windows):
        raise UserError(f"{where}: no forecast has a known value before it and one to be held against; fill it in")
    return Examples(
        columns={series.name: windows, ahead.name: windows},
        table=table,
        notes=tuple(told),
        inputs=(series,),
        outputs=(ahead,),
        what="forecasts",
        places=_places(windows),
    )


def _layout(series: Series) -> Layout:
    return Layout(series.target, series.past, series.future, series.static, series.window, series.horizon)


def _places(windows: Windows) -> Sequence[str] | None:
    """Return the series of each window; None where there is one without a name."""
    return windows.owners if any(windows.store.names) else None


def _told(found: Sequence[RegularSeries], series: Series) -> str:
    rows = sum(len(one.time) for one in found)
    first, last = min(int(one.time[0]) for one in found), max(int(one.time[-1]) for one in found)
    count = f"{len(found):,} series, " if len(found) > 1 else ""
    return (
        f"{count}{rows:,} rows of {step_text(series.step)} from {moment_text(first, series.step)} to "
        f"{moment_text(last, series.step)}; windows of {series.window} rows to forecast {series.horizon}"
    )
