"""From a table to windows for training, validation and test.

The newest `test_size` steps of each series are the test part, the `validation_size` steps before them the validation
part, and the rest the training part. A window belongs to the part in which its whole horizon lies; what it sees before
may lie in an older part.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lstm_onnx.contract import Step
from lstm_onnx.data.frequency import DAY, parse_step, step_text
from lstm_onnx.data.tables import Floats, read_table
from lstm_onnx.data.time_series import Regular, Series, regular_series, wide_series
from lstm_onnx.data.timestamps import time_text
from lstm_onnx.errors import UserError
from lstm_onnx.task import DataSet, TaskData
from lstm_onnx_forecasting.columns import Roles, find_roles
from lstm_onnx_forecasting.options import Config, Info
from lstm_onnx_forecasting.windows import WindowSplit, WindowStore, make_bank, usable

LEAST = 2
"""A window to learn from has at least this many rows with a known value: one alone shows no movement."""
LOGLESS = 0.05
"""The largest share of values that may have no logarithm."""
WIDE_TARGET = "value"
"""What the one target is called when each column is a series of its own."""
_BUNDLED = {"time": "time", "target": ("vehicles",), "past": ("temperature", "clouds")}


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
    frame = read_table(source)
    roles = find_roles(frame, source, config)
    table = _read(frame, source, roles, config)
    target = (WIDE_TARGET,) if config.columns == "series" else roles.target
    names = (*target, *roles.past, *roles.future, *roles.static)
    notes = [*roles.notes, *table.notes]
    _refuse_empty(table.series, roles, config, source)
    if config.transform == "log":
        _check_logarithm(table.series, target, source, notes)
    series = _trimmed(table.series, len(target), notes)
    parts, series = _parts(series, config, source, notes)
    season = _season(config, table.step, parts, source, notes)
    window = _window(config, parts, season, source)
    center, spread = _scaling(series, parts, names, source, notes)
    _note_constants(series, names[: len(target)], notes)
    bank, begins = make_bank(
        series,
        table.step,
        targets=len(target),
        pasts=len(roles.past),
        static=_static(series, names, len(roles.static), source),
        scale=_mase_scale(series, parts, len(target), season),
        window=window,
        horizon=config.horizon,
    )
    info = Info(
        time=roles.time,
        series=roles.series,
        wide=config.columns == "series",
        target=target,
        past=roles.past,
        future=roles.future,
        static=roles.static,
        step=table.step,
        season=season,
        window=window,
        span=max(int(one.time[p.train - 1] - one.time[0]) for one, p in zip(series, parts, strict=True) if p.train),
        center=center,
        spread=spread,
    )
    train, validation, test = _splits(bank, begins, parts, config.horizon)
    _refuse_no_windows(train, test, parts, config, source)
    return TaskData(
        train=train,
        validation=validation if len(validation) else None,
        test=test,
        info=info,
        config=_resolved(config, info, roles),
        summary=_summary(series, table.step, train, validation, test, window, config.horizon),
        notes=tuple(notes),
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


def default_season(step: Step) -> int:
    """Return the steps in the season that a step suggests.

    The largest of day, hour and minute that has at most 288 steps (24 for 1h, 96 for 15m, 60 for 1m), the week for
    days (7 for 1d), the year for weeks and months (52, 12, 4 for quarters), and 1 where nothing fits.
    """
    if step.months:
        return 12 // step.months if 12 % step.months == 0 else 1
    if step.seconds == 7 * DAY:
        return 52
    if step.seconds >= DAY:
        return 7 * DAY // step.seconds if 7 * DAY % step.seconds == 0 else 1
    for period in (DAY, 3600, 60):
        if period % step.seconds == 0 and 2 <= period // step.seconds <= 288:
            return period // step.seconds
    return 1


def _resolved(config: Config, info: Info, roles: Roles) -> Config:
    """Fill in what was found, so that other data is read the same way."""
    found = {
        "time": info.time,
        "series": info.series,
        "past": info.past,
        "future": info.future,
        "static": info.static,
        "frequency": step_text(info.step),
        "season": info.season,
        "window": info.window,
    }
    return config.model_copy(update=found if info.wide else found | {"target": roles.target})


@dataclass(frozen=True)
class _Part:
    """Where one series is cut: rows before `train` are for learning, before `test` for validation, the rest to test."""

    train: int
    test: int
    rows: int


def _with_bundled_roles(config: Config) -> Config:
    chosen = (config.time, config.series, *config.target, *config.past, *config.future, *config.static)
    return config if any(chosen) else config.model_copy(update=_BUNDLED)


def _read(frame: pl.DataFrame, source: Path, roles: Roles, config: Config) -> Regular:
    try:
        step = parse_step(config.frequency) if config.frequency else None
    except UserError as error:
        raise UserError(f"--frequency: {error}") from None
    if config.columns == "series":
        shared = (*roles.past, *roles.future, *roles.static)
        return wide_series(frame, source, time=roles.time, columns=roles.target, shared=shared, step=step)
    return regular_series(frame, source, time=roles.time, columns=roles.numbers, series=roles.series, step=step)


def _trimmed(series: Sequence[Series], targets: int, notes: list[str]) -> list[Series]:
    """Cut rows before the first and after the last known target of each series; leave out series without any."""
    kept, empty = [], []
    for one in series:
        known = np.flatnonzero(~np.isnan(one.values[:, :targets]).all(axis=1))
        if len(known):
            rows = slice(known[0], known[-1] + 1)
            kept.append(Series(one.name, one.time[rows], one.values[rows]))
        else:
            empty.append(one.name)
    if empty:
        notes.append(f"left out, without a single value: {_listed(empty)}")
    return kept


def _refuse_empty(series: Sequence[Series], roles: Roles, config: Config, source: Path) -> None:
    columns = (
        (" and ".join(roles.target), *roles.numbers[len(roles.target) :])
        if config.columns == "series"
        else roles.numbers
    )
    for i, name in enumerate(columns):
        if all(np.isnan(one.values[:, i]).all() for one in series):
            raise UserError(f"{source}: column '{name}' holds no number at all; leave it out or fill it in")


def _check_logarithm(series: Sequence[Series], target: Sequence[str], source: Path, notes: list[str]) -> None:
    """Note values that have no logarithm, which the model takes as missing; refuse a table with many of them."""
    for i, name in enumerate(target):
        column = np.concatenate([one.values[:, i] for one in series])
        low, known = int((column <= 0).sum()), int((~np.isnan(column)).sum())
        if low > LOGLESS * known:
            raise UserError(
                f"{source}: {low:,} of {known:,} values of '{name}' are not above 0, and --transform log would take "
                "them all as missing; leave the option out"
            )
        if low:
            notes.append(
                f"{low:,} of {known:,} values of '{name}' are not above 0: --transform log takes them as missing"
            )


def _parts(
    series: Sequence[Series], config: Config, source: Path, notes: list[str]
) -> tuple[list[_Part], list[Series]]:
    """Cut each series into its parts; leave out those too short to test on."""
    horizon = config.horizon
    for option, size in (("--test-size", config.test_size), ("--validation-size", config.validation_size)):
        if size and size < horizon:
            raise UserError(f"{option} {size} is shorter than the horizon of {horizon}; raise it to {horizon} or more")
    parts, kept, short, untaught = [], [], [], []
    for one in series:
        rows = len(one.time)
        test = rows - (config.test_size or max(horizon, rows // 10))
        validation = config.validation_size if config.validation_size is not None else rows - test
        if test < LEAST:
            short.append(one.name)
            continue
        train = max(test - validation, 0)
        if train < horizon + LEAST:
            untaught.append(one.name)
        parts.append(_Part(train, test, rows))
        kept.append(one)
    _refuse_short(series, parts, config, source)
    test_size = config.test_size or horizon
    if short:
        notes.append(f"left out, shorter than {test_size + LEAST} rows: {_listed(short)}")
    if untaught:
        notes.append(f"too short to learn from, used for the test only: {_listed(untaught)}")
    return parts, kept


def _refuse_short(series: Sequence[Series], parts: list[_Part], config: Config, source: Path) -> None:
    if any(p.train >= config.horizon + LEAST for p in parts):
        return
    longest = max(len(one.time) for one in series)
    test = config.test_size or config.horizon
    validation = config.validation_size if config.validation_size is not None else test
    needed = config.horizon + LEAST + validation + test
    of = "the longest of its series" if len(series) > 1 else "the series"
    raise UserError(
        f"{source}: {of} has {longest:,} rows with values, and {needed:,} are needed ({config.horizon + LEAST} to "
        f"learn from, {validation} to validate, {test} to test); lower --horizon, --test-size or --validation-size"
    )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5:,} more series" if len(names) > 5 else f"series {shown}"


def _median_train(parts: Sequence[_Part]) -> int:
    return int(statistics.median(p.train for p in parts))


def _season(config: Config, step: Step, parts: Sequence[_Part], source: Path, notes: list[str]) -> int:
    longest = max(p.train for p in parts)
    if config.season and config.season >= longest:
        raise UserError(
            f"{source}: --season {config.season} does not fit: the longest training part has {longest:,} rows; lower it"
        )
    season = config.season or default_season(step)
    if config.season or _median_train(parts) > season:
        return season
    notes.append(f"no season: the {_median_train(parts)} rows to learn from are no more than one season of {season}")
    return 1


def _window(config: Config, parts: Sequence[_Part], season: int, source: Path) -> int:
    """Choose the window: two seasons or two horizons, whichever is more, if the training part leaves room for it.

    It is cut to what the median series has before a first horizon, but holds at least a season and two rows.
    """
    room = max(p.train for p in parts) - config.horizon
    if config.window is None:
        return max(min(2 * max(season, config.horizon), _median_train(parts) - config.horizon), season, LEAST)
    if config.window > room:
        raise UserError(
            f"{source}: --window {config.window} does not fit: the longest training part has {room + config.horizon:,} "
            f"rows, {config.horizon} of them for the horizon; lower it to {room:,} or less"
        )
    return config.window


def _scaling(
    series: Sequence[Series], parts: Sequence[_Part], names: Sequence[str], source: Path, notes: list[str]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return mean and mean absolute deviation of each column over the training rows; a spread of 0 becomes 1."""
    rows = np.concatenate([one.values[: p.train] for one, p in zip(series, parts, strict=True)])
    center, spread = {}, {}
    for name, column in zip(names, rows.T, strict=True):
        known = column[~np.isnan(column)]
        if not len(known):
            raise UserError(
                f"{source}: column '{name}' holds no number in the training part; leave it out or fill it in"
            )
        center[name] = float(known.mean())
        spread[name] = float(np.abs(known - center[name]).mean()) or 1.0
    return center, spread


def _note_constants(series: Sequence[Series], targets: Sequence[str], notes: list[str]) -> None:
    for i, target in enumerate(targets):
        flat = [one.name for one in series if len(np.unique(one.values[~np.isnan(one.values[:, i]), i])) == 1]
        if flat:
            notes.append(f"'{target}' never changes" + (f" in {_listed(flat)}" if any(flat) else ""))


def _static(series: Sequence[Series], names: Sequence[str], count: int, source: Path) -> Floats:
    """Return the one value that each series has in each static column; NaN where it has none."""
    found = np.full((len(series), count), np.nan)
    for i, one in enumerate(series):
        for j, column in enumerate(one.values[:, one.values.shape[1] - count :].T):
            known = np.unique(column[~np.isnan(column)])
            if len(known) > 1:
                name = names[len(names) - count + j]
                of = f" within series '{one.name}'" if one.name else ""
                raise UserError(
                    f"{source}: column '{name}' changes{of} (from {known[0]:g} to {known[-1]:g}), so it is not static; "
                    "give it with --past or --future"
                )
            if len(known):
                found[i, j] = known[0]
    return found


def _mase_scale(series: Sequence[Series], parts: Sequence[_Part], targets: int, season: int) -> Floats:
    """Return the mean of |y_t - y_(t - season)| over the rows before the test part; NaN where it is 0 or unknown.

    This is the denominator of the MASE (Hyndman and Koehler, 2006) as the M competitions use it.
    """
    scale = np.full((len(series), targets), np.nan)
    for i, (one, part) in enumerate(zip(series, parts, strict=True)):
        known = one.values[: part.test, :targets]
        jumps = np.abs(known[season:] - known[:-season])
        count = (~np.isnan(jumps)).sum(axis=0)
        total = np.nansum(jumps, axis=0)
        scale[i] = np.where(total > 0, total / np.maximum(count, 1), np.nan)
    return scale


def _splits(
    bank: WindowStore, begins: NDArray[np.int64], parts: Sequence[_Part], horizon: int
) -> tuple[WindowSplit, WindowSplit, WindowSplit]:
    """Give each window to the part in which its whole horizon lies."""

    def origins(bounds: list[tuple[int, int]], least: int) -> WindowSplit:
        rows = [
            begin + np.arange(max(low, 1) - 1, high - horizon)
            for begin, (low, high) in zip(begins, bounds, strict=True)
        ]
        return WindowSplit(bank, usable(bank, np.concatenate(rows).astype(np.int64), least))

    train = origins([(0, p.train) for p in parts], LEAST)
    validation = origins([(p.train, p.test) for p in parts], LEAST)
    test = origins([(p.test, p.rows) for p in parts], 1)
    return train, validation, test


def _refuse_no_windows(
    train: WindowSplit, test: WindowSplit, parts: Sequence[_Part], config: Config, source: Path
) -> None:
    for name, split in (("learn from", train), ("test on", test)):
        if not len(split):
            raise UserError(
                f"{source}: too many values are missing: no window to {name} has {LEAST} known values before and one "
                f"within the horizon of {config.horizon}; raise --window, or fill the table in"
            )


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
    count = f"{len(series):,} series, " if len(series) > 1 else ""
    return (
        f"{count}{rows:,} rows of {step_text(step)} from {time_text(first)} to {time_text(last)}; windows of {window} "
        f"rows to forecast {horizon}: {len(train):,} to learn from, {len(validation):,} to validate, {len(test):,} to "
        "test"
    )
