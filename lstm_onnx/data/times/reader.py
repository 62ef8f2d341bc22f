"""Reading the times of a table: decided in training, and followed ever after.

Times are whole microseconds since 1970 of the clock on the wall here, or, where rows are counted, the number of the
step; `in_units` makes of them what a graph takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from lstm_onnx.contract_clock import Clock, Step
from lstm_onnx.data.times.decide import NUMBERS, ORDERS, TYPED, Decided, decide_form, parse_word
from lstm_onnx.data.times.errors import ADVICE, IMPOSSIBLE, refuse_cells, refuse_missing
from lstm_onnx.data.times.fields import SECOND, Whole
from lstm_onnx.data.times.find import require_time
from lstm_onnx.data.times.numbers import decimals_of, read_number
from lstm_onnx.data.times.parts import decide_parts, read_parts
from lstm_onnx.data.times.patterns import ReadTimes, offset_text, read_pattern
from lstm_onnx.data.times.zones import LOCAL, check_zone, wall_in, zone_of
from lstm_onnx.errors import UserError

ISO = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
"""What cannot be misread, and so is taken by every model that knows dates."""


@dataclass(frozen=True)
class Stamps:
    """The times of a table.

    Attributes:
        time: of each row: microseconds, or steps times 10 to the power of `decimals`.
        clock: how they are written here.
        unit: what a graph counts them in: None for seconds, else as in `Step.unit`.
        notes: one line for each thing that a person should know of the reading.
        instant: microseconds since 1970 in UTC, where the times carry a zone; else `time`.
    """

    time: Whole
    clock: Clock
    unit: str | None
    notes: tuple[str, ...]
    instant: Whole


@dataclass(frozen=True)
class _Column:
    """One column that says the whole time."""

    wall: Whole
    offset: Whole | None
    zone: str | None
    form: str
    decimals: int = 0


def decide_times(
    frame: pl.DataFrame,
    columns: Sequence[str],
    where: Path | str,
    *,
    words: Sequence[str] = (),
    zone: str | None = None,
) -> Stamps:
    """Read the times of a table that nothing is known of yet, and decide how they are written.

    Args:
        frame: the table.
        columns: that say the time, together.
        where: its file, for errors.
        words: what the person says of each of the columns, or of the date alone, as for `--time-format`.
        zone: what the person says of the zone; `none` for none.

    Raises:
        UserError: a cell is no time, or the column can be read in several ways.
    """
    for column in columns:
        require_time(frame, column, where)
        refuse_missing(frame.get_column(column), column, where)
    known = [parse_word(word) for word in words]
    if len(columns) > 1:
        found = decide_parts(frame, columns, where, known)
        clock = Clock(columns=tuple(columns), forms=found.forms, period=found.period)
        wall = read_parts(frame, clock, where)
        return Stamps(wall, clock, unit_of(wall), found.notes, wall)
    if len(known) > 1:
        raise UserError(f"--time-format says {len(known)} forms, and one column holds the time: {columns[0]}")
    cells = frame.get_column(columns[0])
    decided = decide_form(cells, columns[0], where, known[0] if known else None)
    read = _read(cells, decided.form, columns[0], where, None, decided.read)
    return _decided(read, decided, columns[0], where, zone)


def follow_times(
    frame: pl.DataFrame, clock: Clock, unit: str | None, where: Path | str, *, place: str = "the model"
) -> Stamps:
    """Read the times of a table as a contract says that they are written.

    Tables of dates are taken too where they are of that type, or written as ISO 8601 has it, without any doubt.

    Args:
        frame: the table.
        clock: of the contract.
        unit: in which its graph counts times.
        where: the file, for errors.
        place: what knows the clock, for errors.

    Raises:
        UserError: a cell does not fit; names row and cell.
    """
    if not clock.columns:
        numbers = np.arange(frame.height, dtype=np.int64)
        return Stamps(numbers, clock, unit, (), numbers)
    for column in clock.columns:
        require_time(frame, column, where)
        refuse_missing(frame.get_column(column), column, where)
    if len(clock.columns) > 1:
        wall = read_parts(frame, clock, where)
        return Stamps(wall, clock, unit, (), wall)
    column = clock.columns[0]
    cells = frame.get_column(column)
    form = _form_here(cells, clock.forms[0], column, where)
    read = _read(cells, form, column, where, _decimals(unit))
    wall, notes = _in_zone(read, clock, column, where)
    if clock.snap is None and clock.resample is None:
        _refuse_finer(wall, unit, cells, column, where, place)
    here = clock.model_copy(update={"forms": (form,)})
    return Stamps(wall, here, unit, notes, wall)


def in_units(time: Whole, unit: str | None) -> Whole:
    """Return times as a graph counts them: seconds, or what `Step.unit` says."""
    if unit is not None and unit.startswith("step"):
        return time
    return time // (SECOND // Step(seconds=1, unit=unit).per_second)


def in_micros(time: Whole, unit: str | None) -> Whole:
    """Return times of a graph as microseconds; steps as they are."""
    if unit is not None and unit.startswith("step"):
        return time
    return time * (SECOND // Step(seconds=1, unit=unit).per_second)


def unit_of(wall: Whole) -> str | None:
    """Return the largest unit (of `Step.unit`) of which all these microseconds are whole numbers."""
    if not (wall % SECOND).any():
        return None
    return "ms" if not (wall % 1000).any() else "us"


def _decimals(unit: str | None) -> int | None:
    return len(unit.partition("/10")[2]) + ("/" in unit) if unit is not None and unit.startswith("step") else None


def _read(
    cells: pl.Series, form: str, column: str, where: Path | str, decimals: int | None, read: ReadTimes | None = None
) -> _Column:
    if form in TYPED:
        if cells.dtype == pl.Date:
            return _Column(cells.cast(pl.Datetime("us")).dt.epoch("us").to_numpy().astype(np.int64), None, None, form)
        assert isinstance(cells.dtype, pl.Datetime)
        zone = cells.dtype.time_zone
        naive = cells.dt.replace_time_zone(None) if zone else cells
        wall = naive.dt.epoch("us").to_numpy().astype(np.int64)
        if not zone:
            return _Column(wall, None, None, form)
        instant = cells.dt.epoch("us").to_numpy().astype(np.int64)
        return _Column(wall, (wall - instant) // SECOND, zone, form)
    if form in NUMBERS:
        digits = decimals_of(cells) if decimals is None and form == "steps" else decimals or 0
        moment, bad = read_number(cells, form, digits)
        refuse_cells(bad, cells, column, where, f"is no number, and the times are {form}", "correct it")
        return _Column(moment, None, None, form, digits)
    if read is None:
        text = cells.cast(pl.String).str.strip_chars()
        if not cells.dtype.is_integer() and "." not in form:
            text = text.str.replace(r"^(\d{4,14})\.0+$", "${1}")
        read = read_pattern(text, form)
    refuse_cells(read.bad, cells, column, where, f"is not written as the times are ({form})")
    refuse_cells(read.impossible, cells, column, where, IMPOSSIBLE)
    if read.offset is not None:
        refuse_cells(~read.zoned, cells, column, where, "has no zone, and other rows have one")
    return _Column(read.wall, read.offset, None, form)


def _decided(read: _Column, decided: Decided, column: str, where: Path | str, wish: str | None) -> Stamps:
    clock = Clock(columns=(column,), forms=(decided.form,))
    notes = list(decided.notes)
    if decided.form == "steps":
        unit = "step" if not read.decimals else f"step/{10**read.decimals}"
        return Stamps(read.wall, clock, unit, tuple(notes), read.wall)
    wish = check_zone(wish) if wish is not None else None
    if read.offset is None:
        if wish not in (None, "none"):
            raise UserError(
                f"{where}: column '{column}': its times carry no zone, and --zone says {wish}; leave it out"
            )
        return Stamps(read.wall, clock, unit_of(read.wall), tuple(notes), read.wall)
    if wish == "none":
        raise UserError(f"{where}: column '{column}': its times carry a zone, and --zone says that they have none")
    instant = read.wall - read.offset * SECOND
    zone = read.zone or zone_of(read.wall, read.offset)
    wall = read.wall
    if wish is not None and wish not in (zone, LOCAL):
        zone, wall = wish, wall_in(instant, wish)
    if zone != "UTC":
        spoken = "each by its own offset, of a zone that is not known" if zone == LOCAL else zone
        notes.append(f"column '{column}': times are by the clock on the wall ({spoken}), which decides day and month")
    clock = clock.model_copy(update={"zone": zone})
    return Stamps(wall, clock, unit_of(wall), tuple(notes), instant)


def _form_here(cells: pl.Series, form: str, column: str, where: Path | str) -> str:
    """Return the form to read these cells by: that of the contract, or one of dates that cannot be misread."""
    if cells.dtype.is_temporal():
        if form == "steps":
            raise UserError(
                f"{where}: column '{column}' holds {cells.dtype}, and the model was trained on steps that are counted"
            )
        return "date" if cells.dtype == pl.Date else "datetime"
    if form in TYPED:
        return decide_form(cells, column, where).form
    if form != "steps" and cells.dtype == pl.String and form not in ISO:
        text = cells.str.strip_chars()
        if bool(text.head(3).str.contains(r"^\d{4}-\d{2}-\d{2}(?:[T ]|$)").all()) and not form.startswith("%Y-%m-%d"):
            return decide_form(cells, column, where).form
    return form


def _in_zone(read: _Column, clock: Clock, column: str, where: Path | str) -> tuple[Whole, tuple[str, ...]]:
    """Return times by the clock that the model knows; times with and without a zone are never mixed."""
    if clock.zone is None and read.offset is None:
        return read.wall, ()
    if clock.zone is None:
        assert read.offset is not None
        if not read.offset.any():  # no other clock could be meant
            note = "times of UTC are taken as they stand: the model was trained on times without a zone"
            return read.wall, (f"column '{column}': {note}",)
        found = read.zone or zone_of(read.wall, read.offset)
        raise UserError(
            f"{where}: column '{column}': its times carry a zone ({found}), and the model was trained on times without "
            "one; write the clock times that it knows, without the zone"
        )
    if read.offset is None:
        raise UserError(
            f"{where}: column '{column}': its times carry no zone, and the model was trained on times with one "
            f"({clock.zone}); write the zone with each time"
        )
    if read.zone == clock.zone or clock.zone == LOCAL:
        return read.wall, ()
    instant = read.wall - read.offset * SECOND
    fixed = clock.zone[0] in "+-"
    if fixed and bool((np.abs(read.wall - wall_in(instant, clock.zone)) <= 3600 * SECOND).all()):
        differs = np.flatnonzero(read.wall != wall_in(instant, clock.zone))
        if not len(differs):
            return read.wall, ()
        other = offset_text(int(read.offset[differs[0]]))
        return read.wall, (
            f"column '{column}': times of {other} count by their own clock, as those of {clock.zone} did in training",
        )
    wall = wall_in(instant, clock.zone)
    if np.array_equal(wall, read.wall):
        return wall, ()
    return wall, (f"column '{column}': times of another zone are read by the clock of {clock.zone}",)


def _refuse_finer(wall: Whole, unit: str | None, cells: pl.Series, column: str, where: Path | str, place: str) -> None:
    if unit is not None and (unit == "us" or unit.startswith("step")):
        return
    least = SECOND // (1000 if unit == "ms" else 1)
    refuse_cells(
        wall % least != 0, cells, column, where,
        f"has a fraction of a {'millisecond' if unit == 'ms' else 'second'}, and {place} was trained on whole ones",
        "round it",
    )  # fmt: skip


__all__ = ["ADVICE", "ORDERS", "Stamps", "decide_times", "follow_times", "in_micros", "in_units"]
