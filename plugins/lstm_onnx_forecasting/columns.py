"""Which column of a table plays which part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from lstm_onnx.data.tables import is_numeric, numeric_column, require
from lstm_onnx.data.times.find import find_time
from lstm_onnx.errors import UserError
from lstm_onnx_forecasting.options import Config


@dataclass(frozen=True)
class Roles:
    """The columns by role; `notes` says what was chosen without being told."""

    time: tuple[str, ...]
    series: tuple[str, ...]
    target: tuple[str, ...]
    past: tuple[str, ...]
    future: tuple[str, ...]
    static: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        """All columns of numbers: targets, past, future, static."""
        return (*self.target, *self.past, *self.future, *self.static)


def find_roles(frame: pl.DataFrame, where: Path | str, config: Config) -> Roles:
    """Give each column its role, from the config and, for time and targets that it leaves open, from the table.

    Raises:
        UserError: a named column does not exist or has two roles, or a role cannot be filled.
    """
    _refuse_contradictions(frame, where, config)
    time = config.time or _find_time(frame, where, config)
    target, notes = config.target, []
    if not target:
        taken = {*time, *config.series, *config.past, *config.future, *config.static}
        rest = [c for c in frame.columns if c not in taken]
        target = tuple(c for c in rest if is_numeric(frame.get_column(c)))
        left = [c for c in rest if c not in target]
        if not target:
            for column in rest[:1]:
                numeric_column(frame, column, where)  # tells which cell is no number, and why
            raise UserError(f"{where}: no column of numbers is left to forecast; name it with --target")
        if left:
            notes.append(f"not used, because they hold no numbers: {', '.join(left)}")
    return Roles(time, config.series, target, config.past, config.future, config.static, tuple(notes))


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
            require(frame, column, where, option)
            if column in seen:
                both = f"both {seen[column]} and {option}" if seen[column] != option else f"{option} twice"
                raise UserError(f"{where}: column '{column}' is given as {both}; give it one role")
            seen[column] = option
    if config.columns == "series" and config.series:
        raise UserError(
            f"{where}: --columns series reads each target column as a series, and --series '{' '.join(config.series)}' reads the "
            "series from one column; give one of the two"
        )


def _find_time(frame: pl.DataFrame, where: Path | str, config: Config) -> tuple[str, ...]:
    if config.time_format == ("rows",):
        return ()
    return find_time(frame, where, {*config.series, *config.target, *config.past, *config.future, *config.static})
