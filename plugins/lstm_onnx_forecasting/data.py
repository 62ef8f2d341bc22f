"""From a table to windows for training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from lstm_onnx.data.categories import level_column
from lstm_onnx.data.frequency import step_text
from lstm_onnx.data.time_series import Series as TimeSeries
from lstm_onnx.errors import UserError
from lstm_onnx.features.series_examples import examples_to_score
from lstm_onnx.features.series_parts import SeriesPart, cut_parts
from lstm_onnx.features.split import taken
from lstm_onnx.plugin import Ahead, DataSet, Examples, Series, Table, series_examples
from lstm_onnx_forecasting.bounds import find_bounds
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.reading import ReadSeries, read_series
from lstm_onnx_forecasting.reading_pieces import read_pieces, room_of
from lstm_onnx_forecasting.recipe import filled_in
from lstm_onnx_forecasting.season import choose_season, choose_window

_BUNDLED = {"time": ("time",), "target": ("vehicles",), "past": ("temperature", "clouds")}


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
    room = room_of(source, config)
    found = read_series(source, config, notes) if room is None else read_pieces(source, config, notes, room)
    config = filled_in(config, found.series, notes)
    parts, kept = cut_parts(found.series, config.horizon, config.test_size, config.validation_size, source, notes)
    series = taken(found.series, kept)
    _note_unlearnt(found, parts, series, notes)
    season = choose_season(config, found.step, parts, source, notes)
    window = choose_window(config, parts, season, source)
    lower, upper = find_bounds(config, series, found.target, notes)
    examples = series_examples(
        series,
        _series(config, found, window),
        Ahead(
            name="forecast",
            along="series",
            quantiles=config.quantiles,
            conformal=config.conformal,
            lower=lower,
            upper=upper,
        ),
        Table(
            time=next(iter(found.roles.time), None),
            series=next(iter(found.roles.series), None),
            series_with=found.roles.series[1:],
            step=found.step,
            clock=found.clock,
            wide=config.columns == "series",
            across=found.is_turned,
        ),
        where=source,
        season=season,
        parts=parts,
        notes=notes,
        room=found.room,
    )
    options = _resolved(config, found, season, window)
    return replace(examples, options=options, understood=found.understood)


def _note_unlearnt(
    found: ReadSeries, parts: Sequence[SeriesPart], series: Sequence[TimeSeries], notes: list[str]
) -> None:
    """Name words that no row of the training part has: they have a place in the model, and nothing is learnt of it."""
    place = {name: i for i, name in enumerate(found.names)}
    for reading in found.understood:
        unseen = [
            word
            for word in reading.levels or ()
            if (at := place.get(level_column(reading.column, word))) is not None
            and not any((one.values[: part.train, at] == 1).any() for one, part in zip(series, parts, strict=True))
        ]
        if unseen:
            shown = ", ".join(f"'{word}'" for word in unseen[:5]) + (f" and {len(unseen) - 5} more" * (len(unseen) > 5))
            notes.append(f"column '{reading.column}': nothing is learnt of {shown}, in no row of the training part")


def read_scored(source: Path, config: Config, info: Info) -> Examples:
    """Read other data than was learnt from, with every forecast that it allows.

    Raises:
        UserError: the table cannot be read as the model was trained, or is too short for any forecast.
    """
    notes = list[str]()
    room = room_of(source, config)
    found = read_series(source, config, notes) if room is None else read_pieces(source, config, notes, room)
    if found.target != info.target:
        raise UserError(f"{source}: the targets are {', '.join(found.target)}, and were {', '.join(info.target)}")
    assert info.table is not None
    return examples_to_score(
        found.series,
        info.features,
        info.ahead,
        info.table,
        where=source,
        season=info.season,
        notes=notes,
        room=found.room,
    )


def _series(config: Config, read: ReadSeries, window: int) -> Series:
    return Series(
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
    chosen = (*config.time, *config.series, *config.target, *config.past, *config.future, *config.static)
    return config if any(chosen) else config.model_copy(update=_BUNDLED)


def _resolved(config: Config, read: ReadSeries, season: int, window: int) -> Config:
    """Fill in what was found, so that other data is read the same way."""
    roles, clock = read.asked, read.clock
    zoned = bool(clock.columns) and not read.step.counted
    found = {
        "time": roles.time,
        "series": roles.series,
        "time_format": clock.forms if clock.columns else ("rows",),
        "zone": (clock.zone or "none") if zoned else None,
        "past": roles.past,
        "future": roles.future,
        "static": roles.static,
        "frequency": step_text(read.step),
        "season": season,
        "window": window,
        "decimal": read.decimal,
        "levels": read.levels,
        "store": None,  # of this machine; whoever reads the data again has another
        "columns": "times" if read.is_turned else config.columns,
    }
    return config.model_copy(update=found if config.columns == "series" else found | {"target": roles.target})
