"""From a table to windows for training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from lstm_onnx.contract import Step, Table
from lstm_onnx.data.frequency import step_text
from lstm_onnx.data.time_series import Series
from lstm_onnx.data.timestamps import time_text
from lstm_onnx.features.ahead import Ahead
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.series import Series as SeriesFeature
from lstm_onnx.features.series_parts import cut_parts
from lstm_onnx.features.series_scales import mase_scale, note_constants
from lstm_onnx.features.series_windows import Layout, make_store, windows_by_time
from lstm_onnx.task import DataSet
from lstm_onnx_forecasting.options import Config
from lstm_onnx_forecasting.reading import ReadSeries, read_series
from lstm_onnx_forecasting.season import choose_season, choose_window

_BUNDLED = {"time": "time", "target": ("vehicles",), "past": ("temperature", "clouds")}


def read(source: Path | None, config: Config) -> Examples:
    """Read a table of one or more series, or without one the bundled traffic counts, as windows.

    Args:
        source: CSV, TSV, Parquet or JSON; None reads the bundled data.
        config: roles of the columns and sizes of the parts.

    Raises:
        UserError: the table cannot be used; says where, what was found and what to do.
    """
    if source is None or source.absolute() == bundled():
        source, config = bundled(), _with_bundled_roles(config)
    notes = list[str]()
    found = read_series(source, config, notes)
    parts, series = cut_parts(found.series, config.horizon, config.test_size, config.validation_size, source, notes)
    season = choose_season(config, found.step, parts, source, notes)
    window = choose_window(config, parts, season, source)
    roles = found.roles
    layout = Layout(found.target, roles.past, roles.future, roles.static, window, config.horizon)
    unit = mase_scale(series, parts, len(found.target), season)
    store = make_store(series, parts, found.step, layout, unit, source, config.transform == "log")
    note_constants(series, found.target, notes)
    windows, part = windows_by_time(store, parts, source)
    return Examples(
        columns={"series": windows, "forecast": windows},
        part=part,
        cut="",
        table=Table(time=roles.time, series=roles.series, step=found.step, wide=config.columns == "series"),
        notes=tuple(notes),
        inputs=(_series(config, found, window),),
        outputs=(Ahead(name="forecast", along="series", quantiles=config.quantiles),),
        options=_resolved(config, found, season, window),
        told=_told(series, found.step, window, config.horizon),
    )


def _series(config: Config, read: ReadSeries, window: int) -> SeriesFeature:
    return SeriesFeature(
        name="series",
        target=read.target,
        past=read.roles.past,
        future=read.roles.future,
        static=read.roles.static,
        step=read.step,
        window=window,
        horizon=config.horizon,
        scaling=config.scaling,
        transform=config.transform,
    )


def bundled() -> Path:
    """Return the bundled data: a year of hourly traffic counts (see `datasets/SOURCE.md`)."""
    return _folder() / "traffic.csv"


def _folder() -> Path:
    return Path(str(files("lstm_onnx_forecasting"))) / "datasets"


TRAFFIC = DataSet(
    name="traffic",
    files=(bundled(), _folder() / "SOURCE.md"),
    summary="a year of hourly vehicle counts on a motorway, with temperature, clouds and holidays",
    licence="CC BY 4.0, John Hogue, Metro Interstate Traffic Volume, UCI Machine Learning Repository, 2019",
    origin="https://doi.org/10.24432/C5X60B",
)


def _with_bundled_roles(config: Config) -> Config:
    chosen = (config.time, config.series, *config.target, *config.past, *config.future, *config.static)
    return config if any(chosen) else config.model_copy(update=_BUNDLED)


def _resolved(config: Config, read: ReadSeries, season: int, window: int) -> Config:
    """Fill in what was found, so that other data is read the same way."""
    roles = read.roles
    found = {
        "time": roles.time,
        "series": roles.series,
        "past": roles.past,
        "future": roles.future,
        "static": roles.static,
        "frequency": step_text(read.step),
        "season": season,
        "window": window,
    }
    return config.model_copy(update=found if config.columns == "series" else found | {"target": roles.target})


def _told(series: Sequence[Series], step: Step, window: int, horizon: int) -> str:
    rows = sum(len(one.time) for one in series)
    first, last = min(int(one.time[0]) for one in series), max(int(one.time[-1]) for one in series)
    count = f"{len(series):,} series, " if len(series) > 1 else ""
    return (
        f"{count}{rows:,} rows of {step_text(step)} from {time_text(first)} to {time_text(last)}; windows of {window} "
        f"rows to forecast {horizon}"
    )
