"""From a file to regular series, without what says nothing; and what is refused on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import polars as pl

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.contract_clock import Clock, Gather, Step
from lstm_onnx.data.categories import find_levels, level_column, with_levels
from lstm_onnx.data.frequency import parse_step
from lstm_onnx.data.gathering import Rules
from lstm_onnx.data.room import MEMORY, Room
from lstm_onnx.data.tables import read_table
from lstm_onnx.data.text_facts import reading_notes
from lstm_onnx.data.time_series import Regular, Series, regular_series, wide_series
from lstm_onnx.data.times_across import TIME, VALUE, names_of_rows, times_across, turned
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx.features.series_parts import listed
from lstm_onnx_forecasting.columns import Roles, find_roles, readings
from lstm_onnx_forecasting.options import Config

LOGLESS = 0.05
"""The largest share of values that may have no logarithm."""
WIDE_TARGET = "value"
"""What the one target is called when each column is a series of its own."""


@dataclass(frozen=True)
class ReadSeries:
    """What was read.

    Attributes:
        roles: which column plays which part; a column of words is a column for each of them.
        target: names of the targets of each series.
        step: the distance between rows.
        understood: how each column of the table is read.
        asked: the roles of the columns as they stand in the table, those of words in one piece.
        decimal: the decimal sign of all its numbers, if they have one.
        series: each from its first known target to its last; values (rows, columns in the order of `names`).
        clock: how times are written, and what is done with irregular rows.
        room: where their rows are kept.
        is_turned: whether the table has a row for each series, and a column for each time.
    """

    roles: Roles
    target: tuple[str, ...]
    step: Step
    series: Sequence[Series]
    clock: Clock
    understood: tuple[ColumnReading, ...]
    asked: Roles
    decimal: str | None = None
    room: Room = MEMORY
    is_turned: bool = False

    @property
    def levels(self) -> tuple[str, ...]:
        """The words of columns of words, each as `column=word`."""
        return tuple(level_column(r.column, word) for r in self.understood for word in r.levels or ())

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of each series: targets, past, future, static."""
        return (*self.target, *self.roles.past, *self.roles.future, *self.roles.static)


def read_series(source: Path, config: Config, notes: list[str]) -> ReadSeries:
    """Read a table of one or more series.

    Args:
        source: CSV, TSV, Parquet or JSON.
        config: roles of the columns.
        notes: gets what was chosen or left out without being told.

    Raises:
        UserError: the table cannot be used.
    """
    frame = read_table(source, names=config.header)
    config, frame, is_turned = _upright(frame, source, config, notes)
    understood = Understanding(frame, source, config)
    roles = find_roles(understood, config)
    asked = roles
    levels = {c: find_levels(understood.looks, c, source, config.levels) for c in roles.words(understood)}
    roles = roles.with_levels(levels)
    frame = with_levels(understood.with_numbers([c for c in asked.numbers if c not in levels]), levels, source)
    table = read_numbers(frame, source, roles, config)
    target = (WIDE_TARGET,) if config.columns == "series" else roles.target
    notes += [*reading_notes(source), *understood.notes(asked.numbers), *roles.notes, *table.notes]
    refuse_unusable(table.series, roles, config, source, target, notes)
    series = _trimmed(table.series, len(target), notes)
    understood_columns = readings(understood, asked, config, levels)
    return ReadSeries(
        roles, target, table.step, series, table.clock, understood_columns, asked, understood.decimal or config.decimal,
        is_turned=is_turned,
    )  # fmt: skip


def _upright(frame: pl.DataFrame, source: Path, config: Config, notes: list[str]) -> tuple[Config, pl.DataFrame, bool]:
    """Turn a table that has a row for each series and a column for each time, and say what its columns are then."""
    times = times_across(frame)
    if not times or config.columns == "series" or (config.columns == "variables" and (config.time or config.target)):
        if config.columns == "times" and not {TIME, VALUE} <= set(frame.columns):
            raise UserError(
                f"{source}: --columns times takes columns that are called after times, such as 2025-01-31, 2025-01 or "
                f"2025, and there are none; there is: {', '.join(frame.columns)}"
            )
        return config, frame, False
    series = config.series or names_of_rows(frame, times)
    if not series and frame.height > 1:
        raise UserError(
            f"{source}: the times stand in the header ('{times[0]}' to '{times[-1]}'): each row is a series, and no "
            "column tells them apart; name those that do together with --series"
        )
    named = f", named by {' and '.join(repr(c) for c in series)}" if series else ""
    notes.append(f"each row is read as a series{named}: the times stand in the header, '{times[0]}' to '{times[-1]}'")
    told = config.model_copy(update={"columns": "times", "time": (TIME,), "series": series, "target": (VALUE,)})
    return told, turned(frame, times, source, config.missing), True


def read_numbers(frame: pl.DataFrame, source: Path, roles: Roles, config: Config) -> Regular:
    """Read the series of a table whose numbers are plain, by the roles of its columns.

    Raises:
        UserError: its times are no regular grid, or an option contradicts them.
    """
    step = _step(config.frequency, "--frequency")
    snap = _step(config.snap, "--snap")
    if snap is not None and (snap.months or snap.unit is not None):
        raise UserError(f"--snap {config.snap}: times are moved to whole seconds, minutes, hours or days; write it so")
    gathered = _step(config.resample[0], "--resample") if config.resample else None
    if gathered is not None and step is not None and (gathered.seconds, gathered.months) != (step.seconds, step.months):
        raise UserError(f"--resample {config.resample[0]} and --frequency {config.frequency} differ; leave one out")
    how = cast(Gather, config.resample[1] if len(config.resample) > 1 else "mean") if gathered is not None else None
    rules = Rules(snap.seconds if snap else None, how, config.repeated, range(len(roles.target)))
    step = step or gathered
    words = () if config.time_format == ("rows",) else config.time_format
    if config.columns == "series":
        shared = (*roles.past, *roles.future, *roles.static)
        return wide_series(
            frame, source, time=roles.time, columns=roles.target, shared=shared, step=step, words=words,
            zone=config.zone, rules=rules,
        )  # fmt: skip
    return regular_series(
        frame, source, time=roles.time, columns=roles.numbers, series=roles.series, step=step, words=words,
        zone=config.zone, rules=rules,
    )  # fmt: skip


def _step(text: str | None, option: str) -> Step | None:
    try:
        return parse_step(text) if text else None
    except UserError as error:
        raise UserError(f"{option}: {error}") from None


def refuse_unusable(
    series: Sequence[Series], roles: Roles, config: Config, source: Path, target: Sequence[str], notes: list[str]
) -> None:
    """Refuse columns without any number, and targets that mostly have no logarithm where that is wanted."""
    _refuse_empty(series, roles, config, source)
    if config.transform == "log":
        _check_logarithm(series, target, source, notes)


def _refuse_empty(series: Sequence[Series], roles: Roles, config: Config, source: Path) -> None:
    columns = (
        (" and ".join(roles.target), *roles.numbers[len(roles.target) :])
        if config.columns == "series"
        else roles.numbers
    )
    known = np.zeros(len(columns), dtype=np.bool_)
    for one in series:
        known |= ~np.isnan(one.values[:, : len(columns)]).all(axis=0)
    for name, there in zip(columns, known, strict=True):
        if not there:
            raise UserError(f"{source}: column '{name}' holds no number at all; leave it out or fill it in")


def _check_logarithm(series: Sequence[Series], target: Sequence[str], source: Path, notes: list[str]) -> None:
    """Note values that have no logarithm, which the model takes as missing; refuse a table with many of them."""
    for i, name in enumerate(target):
        low = sum(int((one.values[:, i] <= 0).sum()) for one in series)
        known = sum(int((~np.isnan(one.values[:, i])).sum()) for one in series)
        if low > LOGLESS * known:
            raise UserError(
                f"{source}: {low:,} of {known:,} values of '{name}' are not above 0, and --transform log would take "
                "them all as missing; leave the option out"
            )
        if low:
            notes.append(
                f"{low:,} of {known:,} values of '{name}' are not above 0: --transform log takes them as missing"
            )


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
        notes.append(f"left out, without a single value: {listed(empty)}")
    return kept
