"""Other data than a forecaster was trained on, with every forecast that it allows, to score them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lstm_onnx.data.time_series import Series
from lstm_onnx.errors import UserError
from lstm_onnx.task import ScoredData
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.parts import Part
from lstm_onnx_forecasting.reading import listed, read_series
from lstm_onnx_forecasting.series_statistics import mase_scale, static_values
from lstm_onnx_forecasting.windows import Ints, WindowSplit, make_bank, usable


def load_scored(source: Path, config: Config, info: Info) -> ScoredData:
    """Read a table, and take every forecast of which window and horizon lie within it.

    A series that is too short for that gives one forecast, of its newest rows from all before them. The MASE is scaled
    by the error of the seasonal naive forecast within this data: that of the training data is not known of new series.

    Raises:
        UserError: the table cannot be read as the model was trained, or is too short for any forecast.
    """
    notes: list[str] = []
    read = read_series(source, config, notes)
    if read.target != info.target:
        raise UserError(f"{source}: the targets are {', '.join(read.target)}, and were {', '.join(info.target)}")
    kept = [one for one in read.series if len(one.time) > config.horizon]
    _refuse_or_note_short(read.series, kept, config, source, notes)
    whole = [Part(len(one.time), len(one.time), len(one.time)) for one in kept]
    bank, begins = make_bank(
        kept,
        info.step,
        targets=len(read.target),
        pasts=len(read.roles.past),
        static=static_values(kept, read.names, len(read.roles.static), source),
        scale=mase_scale(kept, whole, len(read.target), info.season),
        window=info.window,
        horizon=config.horizon,
    )
    origins = np.concatenate(
        [begin + _origins(len(one.time), info.window, config.horizon) for begin, one in zip(begins, kept, strict=True)]
    )
    split = WindowSplit(bank, usable(bank, origins, 1))
    if not len(split):
        raise UserError(f"{source}: no forecast has a known value before it and one to be held against; fill it in")
    return ScoredData(split, "forecasts", tuple(notes), series_names(kept, split))


def series_names(series: list[Series], split: WindowSplit) -> tuple[str, ...]:
    """Return the series of each window; nothing where there is one without a name."""
    if not any(one.name for one in series):
        return ()
    return tuple(series[i].name for i in split.bank.owner[split.origins].tolist())


def _origins(rows: int, window: int, horizon: int) -> Ints:
    """Return the newest known rows of all forecasts: of those with a full window or, if there is none, the last one."""
    return np.arange(min(window - 1, rows - horizon - 1), rows - horizon, dtype=np.int64)


def _refuse_or_note_short(
    series: list[Series], kept: list[Series], config: Config, source: Path, notes: list[str]
) -> None:
    if not kept:
        longest = max((len(one.time) for one in series), default=0)
        raise UserError(
            f"{source}: {longest:,} row{'s' * (longest != 1)} with values, and {config.horizon + 1:,} are needed: one "
            f"to forecast from, and {config.horizon:,} to hold the forecast against"
        )
    gone = [one.name for one in series if len(one.time) <= config.horizon]
    if gone:
        notes.append(f"left out, no longer than the horizon of {config.horizon} rows: {listed(gone)}")
