"""From regular series to the examples of a task on `Series` and `Ahead`, parted by time."""

from __future__ import annotations

from collections.abc import Sequence

from lstm_onnx.contract import Table
from lstm_onnx.data.frequency import step_text
from lstm_onnx.data.time_series import Series as RegularSeries
from lstm_onnx.data.timestamps import time_text
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.series import Series
from lstm_onnx.features.series_parts import SeriesPart, cut_parts
from lstm_onnx.features.series_scales import mase_scale, note_constants
from lstm_onnx.features.series_windows import Layout, make_store, windows_by_time


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
    parts: Sequence[SeriesPart] | None = None,
    notes: Sequence[str] = (),
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

    Raises:
        UserError: the series are too short, or too much of them is missing.
    """
    told = list(notes)
    if parts is None:
        parts, found = cut_parts(found, series.horizon, test_size, validation_size, where, told)
    layout = Layout(series.target, series.past, series.future, series.static, series.window, series.horizon)
    unit = mase_scale(found, parts, len(series.target), season)
    store = make_store(found, parts, series.step, layout, unit, where, series.transform == "log")
    note_constants(found, series.target, told)
    windows, part = windows_by_time(store, parts, where)
    return Examples(
        columns={series.name: windows, ahead.name: windows},
        part=part,
        cut="",
        table=table,
        notes=tuple(told),
        inputs=(series,),
        outputs=(ahead,),
        told=_told(found, series),
    )


def _told(found: Sequence[RegularSeries], series: Series) -> str:
    rows = sum(len(one.time) for one in found)
    first, last = min(int(one.time[0]) for one in found), max(int(one.time[-1]) for one in found)
    count = f"{len(found):,} series, " if len(found) > 1 else ""
    return (
        f"{count}{rows:,} rows of {step_text(series.step)} from {time_text(first)} to {time_text(last)}; windows of "
        f"{series.window} rows to forecast {series.horizon}"
    )
