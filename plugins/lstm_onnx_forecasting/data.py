"""From a table to windows for training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from lstm_onnx.contract import Step
from lstm_onnx.data.frequency import moment_text, step_text
from lstm_onnx.data.time_series import Series
from lstm_onnx.task import DataSet, TaskData
from lstm_onnx_forecasting.columns import Roles
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.parts import cut_parts, refuse_no_windows, split_windows
from lstm_onnx_forecasting.reading import read_series
from lstm_onnx_forecasting.scored import series_names
from lstm_onnx_forecasting.season import choose_season, choose_window
from lstm_onnx_forecasting.series_statistics import center_and_spread, mase_scale, note_constants, static_values
from lstm_onnx_forecasting.windows import WindowSplit, make_bank

_BUNDLED = {"time": ("time",), "target": ("vehicles",), "past": ("temperature", "clouds")}


def load_data(source: Path | None, config: Config, seed: int) -> TaskData[Info]:
    """Read a table of one or more series, or without one the bundled traffic counts, and cut it into windows.

    Args:
        source: CSV, TSV, Parquet or JSON; None reads the bundled data.
        config: roles of the columns and sizes of the parts.
        seed: not used; the order of the windows is the trainer's business.

    Raises:
        UserError: the table cannot be used; says where, what was found and what to do.
    """
    if source is None or source.absolute() == bundled():
        source, config = bundled(), _with_bundled_roles(config)
    notes = list[str]()
    read = read_series(source, config, notes)
    parts, series = cut_parts(read.series, config, source, notes)
    season = choose_season(config, read.step, parts, source, notes)
    window = choose_window(config, parts, season, source)
    center, spread = center_and_spread(series, parts, read.names, source)
    note_constants(series, read.target, notes)
    bank, begins = make_bank(
        series,
        read.step,
        targets=len(read.target),
        pasts=len(read.roles.past),
        static=static_values(series, read.names, len(read.roles.static), source),
        scale=mase_scale(series, parts, len(read.target), season),
        window=window,
        horizon=config.horizon,
    )
    info = Info(
        time=next(iter(read.roles.time), None),
        series=next(iter(read.roles.series), None),
        series_with=read.roles.series[1:],
        clock=read.clock,
        wide=config.columns == "series",
        target=read.target,
        past=read.roles.past,
        future=read.roles.future,
        static=read.roles.static,
        step=read.step,
        season=season,
        window=window,
        span=max(
            int(one.time[p.train - 1] - one.time[0]) // read.step.per_second
            for one, p in zip(series, parts, strict=True)
            if p.train
        ),
        center=center,
        spread=spread,
    )
    train, validation, test = split_windows(bank, begins, parts, config.horizon)
    refuse_no_windows(train, test, config, source)
    return TaskData(
        train=train,
        validation=validation if len(validation) else None,
        test=test,
        info=info,
        config=_resolved(config, info, read.asked).model_copy(update={"decimal": read.decimal, "levels": read.levels}),
        understood=read.understood,
        summary=_summary(series, read.step, train, validation, test, window, config.horizon),
        notes=tuple(notes),
        test_names=series_names(series, test),
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
    chosen = (*config.time, *config.series, *config.target, *config.past, *config.future, *config.static)
    return config if any(chosen) else config.model_copy(update=_BUNDLED)


def _resolved(config: Config, info: Info, roles: Roles) -> Config:
    """Fill in what was found, so that other data is read the same way."""
    clock = info.clock
    assert clock is not None
    dated = bool(clock.columns) and not info.step.counted
    found = {
        "time": roles.time,
        "series": roles.series,
        "time_format": clock.forms if clock.columns else ("rows",),
        "zone": clock.zone if dated else None,
        "past": roles.past,
        "future": roles.future,
        "static": roles.static,
        "frequency": step_text(info.step),
        "season": info.season,
        "window": info.window,
    }
    return config.model_copy(update=found if info.wide else found | {"target": roles.target})


def _summary(
    series: Sequence[Series],
    step: Step,
    train: WindowSplit,
    validation: WindowSplit,
    test: WindowSplit,
    window: int,
    horizon: int,
) -> str:
    rows = sum(len(one.time) for one in series)
    first, last = min(int(one.time[0]) for one in series), max(int(one.time[-1]) for one in series)
    begin, end = moment_text(first, step), moment_text(last, step)
    count = f"{len(series):,} series, " if len(series) > 1 else ""
    return (
        f"{count}{rows:,} rows of {step_text(step)} from {begin} to {end}; windows of {window} "
        f"rows to forecast {horizon}: {len(train):,} to learn from, {len(validation):,} to validate, {len(test):,} to "
        "test"
    )
