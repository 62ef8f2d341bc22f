"""Which column of a table plays which part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from lstm_onnx.column_reading import LEFT_OUT, ColumnReading
from lstm_onnx.data.categories import level_columns
from lstm_onnx.data.measures import no_measure
from lstm_onnx.data.tables import is_empty, numeric_column
from lstm_onnx.data.times.find import find_time, require_asked
from lstm_onnx.data.times_across import times_across
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError
from lstm_onnx_forecasting.options import Config


@dataclass(frozen=True)
class Roles:
    """The columns by role; `notes` says what was chosen without being told, `unused` why a column has none."""

    time: tuple[str, ...]
    series: tuple[str, ...]
    target: tuple[str, ...]
    past: tuple[str, ...]
    future: tuple[str, ...]
    static: tuple[str, ...]
    notes: tuple[str, ...]
    unused: Mapping[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> tuple[str, ...]:
        """All columns of numbers: targets, past, future, static."""
        return (*self.target, *self.past, *self.future, *self.static)

    def words(self, table: Understanding) -> tuple[str, ...]:
        """The covariates that hold words."""
        held = {c for c, found in table.evidence.items() if found.known and c not in table.numbers}
        return tuple(c for c in (*self.past, *self.future, *self.static) if c in held)

    def with_levels(self, levels: Mapping[str, Sequence[str]]) -> Roles:
        """Put a column for each of its words in the place of each column of words."""
        past, future, static = (level_columns(c, levels) for c in (self.past, self.future, self.static))
        return replace(self, past=past, future=future, static=static)


def find_roles(table: Understanding, config: Config) -> Roles:
    """Give each column its role, from the config and, for time and targets that it leaves open, from the table.

    Raises:
        UserError: a named column does not exist or has two roles, or a role cannot be filled.
    """
    frame, where = table.looks, table.where
    _refuse_contradictions(frame, where, config)
    _refuse_times_across(frame, where)
    time = config.time or _find_time(frame, where, config)
    if config.target:
        unused = {c: "not named with --target" for c in _rest(frame, time, config) if c not in config.target}
        return Roles(time, config.series, config.target, config.past, config.future, config.static, (), unused)
    rest = _rest(frame, time, config)
    numbers = [c for c in rest if c in table.numbers]
    if not numbers:
        for column in rest[:1]:
            numeric_column(frame, column, where)  # tells which cell is no number, and why
        raise UserError(f"{where}: no column of numbers is left to forecast; name it with --target")
    empty = [c for c in rest if is_empty(frame.get_column(c))]
    words = [c for c in rest if c not in numbers and c not in empty]
    unused = {c: "holds no numbers; words may go to --past, --future or --static" for c in words}
    target, passed = _targets(table, numbers, config)
    notes = []
    for left, why in ((words, "hold no numbers"), (empty, "are empty")):
        if left:
            notes.append(f"not used, because they {why}: {', '.join(left)}")
    for column, why in passed.items():
        notes.append(f"column '{column}' is not forecast: it {why}; name it with --target if it should be")
    if len(target) > 1:
        what = "series" if config.columns == "series" else "columns of numbers"
        shown = ", ".join(target[:6]) + (f" and {len(target) - 6} more" if len(target) > 6 else "")
        notes.append(f"without --target, all {len(target)} {what} are forecast: {shown}")
    return Roles(time, config.series, target, config.past, config.future, config.static, tuple(notes), unused | passed)


def _refuse_times_across(frame: pl.DataFrame, where: Path | str) -> None:
    """Refuse a table with a row for each series, and a column for each time, that is not to be turned."""
    if times := times_across(frame):
        raise UserError(
            f"{where}: the times stand in the header ('{times[0]}' to '{times[-1]}'): a row for each series; give "
            "--columns times, and leave --time and --target out"
        )


def _rest(frame: pl.DataFrame, time: Sequence[str], config: Config) -> list[str]:
    """Name the columns that have no role but perhaps that of a target."""
    taken = {*time, *config.series, *config.past, *config.future, *config.static}
    return [c for c in frame.columns if c not in taken]


def _targets(table: Understanding, numbers: list[str], config: Config) -> tuple[tuple[str, ...], dict[str, str]]:
    """Choose what is forecast of the columns of numbers, and say why others are not."""
    passed: dict[str, str] = {}
    if config.columns == "variables" and len(numbers) > 1:
        passed = {c: why for c in numbers if (why := no_measure(table, c)) is not None}
    target = tuple(c for c in numbers if c not in passed)
    return (target, passed) if target else (tuple(numbers), {})


def readings(
    table: Understanding, roles: Roles, config: Config, levels: Mapping[str, tuple[str, ...]]
) -> tuple[ColumnReading, ...]:
    """Say of every column of a table what it is used as."""
    target = "series" if config.columns == "series" else "target"
    used = dict.fromkeys(roles.time, "time") | dict.fromkeys(roles.series, "series")
    for role, columns in (
        (target, roles.target),
        ("past", roles.past),
        ("future", roles.future),
        ("static", roles.static),
    ):
        used |= dict.fromkeys(columns, role)
    kinds = dict.fromkeys(roles.time, "time") | dict.fromkeys(roles.series, "id")
    kinds |= dict.fromkeys(levels, "category")
    found = [
        table.reading(c, used.get(c, LEFT_OUT), kinds.get(c), odd=roles.unused.get(c)) for c in table.frame.columns
    ]
    return tuple(one.model_copy(update={"levels": levels.get(one.column)}) for one in found)


def _refuse_contradictions(frame: pl.DataFrame, where: Path | str, config: Config) -> None:
    roles: dict[str, Sequence[str]] = {
        "--time": config.time,
        "--series": config.series,
        "--target": config.target,
        "--past": config.past,
        "--future": config.future,
        "--static": config.static,
    }
    seen: dict[str, str] = {}
    for option, columns in roles.items():
        for column in columns:
            require_asked(frame, column, where, option)
            if column in seen:
                both = f"both {seen[column]} and {option}" if seen[column] != option else f"{option} twice"
                raise UserError(f"{where}: column '{column}' is given as {both}; give it one role")
            seen[column] = option
    if config.columns == "series" and config.series:
        raise UserError(
            f"{where}: --columns series reads each target column as a series, and --series '{' '.join(config.series)}' "
            "reads the series from one column; give one of the two"
        )


def _find_time(frame: pl.DataFrame, where: Path | str, config: Config) -> tuple[str, ...]:
    if config.time_format == ("rows",):
        return ()
    return find_time(frame, where, {*config.series, *config.target, *config.past, *config.future, *config.static})
