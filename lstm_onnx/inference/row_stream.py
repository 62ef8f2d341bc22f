"""Answers rows as they come, from CSV with a header or from JSON lines, for a model with states."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.contract import Array, ColumnsSource, Contract, StaticSource, Step, Table, TensorSpec, TimeSource
from lstm_onnx.data.categories import level_columns, levels_of, with_level_cells
from lstm_onnx.data.cells import SEPARATORS, refuse_equal_names, separator, split_line
from lstm_onnx.data.columns import joined_name
from lstm_onnx.data.followed import by_column, cell_number, format_of
from lstm_onnx.data.frequency import advance, moment_text, step_text, stride, ticks, to_grid
from lstm_onnx.data.gathering import begins_of_steps, snapped
from lstm_onnx.data.times.reader import decide_times, follow_times, in_units
from lstm_onnx.data.times.writer import write_time
from lstm_onnx.data.timestamps import time_text
from lstm_onnx.errors import UserError, nearest
from lstm_onnx.inference.stream_session import StreamSession
from lstm_onnx.json_text import parse_json

if TYPE_CHECKING:
    from lstm_onnx.inference.model import Model

LONGEST_GAP = 10_000
"""Missing rows that are filled between two rows; a longer gap is a mistake, or a case for starting anew."""


@dataclass
class _SeriesState:
    """One series: its states, the time of its newest row, and how many rows it has seen."""

    session: StreamSession
    time: int | None = None
    rows: int = 0


def stream_rows(model: Model, lines: Iterable[str]) -> Iterator[str]:
    """Yield one JSON object for each row of each series, as soon as the row is read.

    An object holds the series (where the table names them), the time, the outputs without the batch axis (NaN becomes
    null), and `"warming_up": true` as long as fewer rows were seen than the model was trained to look back on. Rows
    that are missing in between, by the clock, are filled in as missing values.

    Args:
        model: a loaded file of the variant streaming.
        lines: CSV with a header line, or a JSON object a line.

    Raises:
        UserError: the model cannot be streamed so, or a row does not fit; says which line.
    """
    contract = model.require_contract()
    StreamSession(model)  # refuses a model without states before anything is read
    _refuse_inputs(contract, str(model.path))
    states: dict[str, _SeriesState] = {}
    levels = levels_of(contract.table.columns if contract.table is not None else None)
    for number, row in _records(lines, _wanted(contract)):
        for name, cells in _by_series(contract, _with_levels(row, levels, number), number):
            state = states.setdefault(name, _SeriesState(StreamSession(model)))
            try:
                yield json.dumps(_answer(contract, state, name, cells))
            except UserError as error:
                raise UserError(f"standard input, line {number}: {error}") from None


def _refuse_inputs(contract: Contract, where: str) -> None:
    for t in contract.external_inputs:
        if t.default is not None:
            continue
        if isinstance(t.source, ColumnsSource) and t.source.rows == "future":
            raise UserError(
                f"{where}: input '{t.name}' is known ahead of time, which a row at a time cannot give; pass it from a "
                f"program (lstm_onnx.load(FILE).stream().push), or train without --future"
            )
        if not isinstance(t.source, ColumnsSource | TimeSource | StaticSource):
            raise UserError(
                f"{where}: input '{t.name}' does not come from the columns of a table; pass it from a program"
            )


def _mark(header: str, wanted: Sequence[str]) -> str:
    """What separates cells: that by which the header has the columns that are wanted."""
    usual = separator(header)
    marks = (usual, *(mark for mark in SEPARATORS if mark != usual))
    return next((mark for mark in marks if set(wanted) <= set(split_line(header, mark))), usual)


def _wanted(contract: Contract) -> tuple[str, ...]:
    """Name the columns that every row must have."""
    table = contract.table or Table()
    sources = [t.source for t in contract.inputs if isinstance(t.source, ColumnsSource | StaticSource)]
    columns = [c for s in sources for c in s.columns]
    spread = {name: c for c, words in levels_of(table.columns).items() for name in level_columns([c], {c: words})}
    inputs = [spread.get(c, c) for c in columns[1 if table.wide else 0 :]]
    return tuple(c for c in (table.time, *table.ids, *inputs) if c is not None)


def _with_levels(row: dict[str, Any], levels: dict[str, tuple[str, ...]], number: int) -> dict[str, Any]:
    try:
        return with_level_cells(row, levels)
    except UserError as error:
        raise UserError(f"standard input, line {number}: {error}") from None


def _records(lines: Iterable[str], wanted: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
    header: list[str] | None = None
    mark = ","
    for number, line in _numbered(lines):
        text = line.strip().removeprefix("\ufeff")
        if not text:
            continue
        if text.startswith("{") and header is None:
            yield number, parse_json(text, f"standard input, line {number}")
            continue
        if header is None:
            if text.startswith("#") or text.lower().startswith("sep="):
                continue
            mark = _mark(text, wanted)
            header = split_line(text, mark)
            refuse_equal_names(header, f"standard input, line {number}")
            continue
        cells = split_line(text, mark)
        if cells == header:  # of the next of several files
            continue
        if len(cells) != len(header):
            raise UserError(
                f"standard input, line {number}: has {len(cells)} cells, and the header has {len(header)} columns"
            )
        yield number, dict(zip(header, cells, strict=True))


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    coming, number = iter(lines), 0
    while True:
        number += 1
        try:
            yield number, next(coming)
        except StopIteration:
            return
        except UnicodeDecodeError:
            raise UserError(
                f"standard input, line {number} or soon after it: is not UTF-8 text, perhaps Latin-1; convert it "
                f"first, such as with iconv -f latin1 -t utf-8"
            ) from None


def _by_series(contract: Contract, row: dict[str, Any], number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The row as one series, or in a wide table as one for each column that holds values."""
    table = contract.table or Table()
    if not table.wide:
        yield joined_name(row.get(c) for c in table.ids), row
        return
    columns = [c for t in contract.inputs if isinstance(t.source, ColumnsSource) for c in t.source.columns]
    target, others = columns[0], {*columns[1:], *table.times}
    for name in row:
        if name not in others:
            yield name, {k: v for k, v in row.items() if k in others} | {target: row[name]}


def _answer(contract: Contract, state: _SeriesState, name: str, row: dict[str, Any]) -> dict[str, Any]:
    times = _times(contract.table or Table(), state, row)
    inputs = {t.name: _input(contract, t, row, times) for t in contract.inputs if t.source is not None}
    outputs = state.session.push(inputs)
    state.rows += len(times)
    answer: dict[str, Any] = {"series": name} if name else {}
    table = contract.table or Table()
    if len(table.ids) > 1:
        answer = {c: _cell(row, c) for c in table.ids}
    if state.time is not None:
        told = _told_time(table, state.time)
        answer |= told if isinstance(told, dict) else {"row" if not table.times else "time": told}
    elif table.time is not None and (table.step is not None or table.time in row):
        answer["time"] = _cell(row, table.time)
    for t in contract.outputs:
        if t.name in outputs:
            answer[t.name] = _plain(contract, t, outputs[t.name])
    if contract.stream is not None and state.rows < contract.stream.context:
        answer["warming_up"] = True
    return answer


def _times(table: Table, state: _SeriesState, row: dict[str, Any]) -> list[int]:
    """Times of the rows to push: this one, and before it those that are missing since the last one."""
    if table.clock is not None and not table.clock.columns:  # rows are counted
        state.time = 0 if state.time is None else state.time + 1
        return [state.time]
    if table.time is None or table.step is None:  # steps in order, with no clock
        return [0]
    try:
        now = _now(pl.DataFrame({c: [_cell(row, c)] for c in table.times}), table, table.step)
    except UserError as error:
        raise UserError(str(error).removeprefix(": row 1, ").removeprefix(": ")) from None
    before, state.time = state.time, now
    if before is None:
        return [now]
    return _between(before, now, table.step)


def _now(frame: pl.DataFrame, table: Table, step: Step) -> int:
    """Return the time of a row as the graph counts it, read as the rows of training were."""
    clock = table.clock
    if clock is None:  # a file that says nothing of its clock
        return int(decide_times(frame, table.times, "").instant[0] // 1_000_000)
    stamps = follow_times(frame, clock, step.unit, "")
    micros = snapped(stamps.time, clock.snap)[0] if clock.snap is not None else stamps.time
    now = in_units(micros, step.unit)
    grid = advance(now, step, 0) if step.sessions is not None else to_grid(now, step)
    if clock.resample is not None and not np.array_equal(begins_of_steps(micros, step), micros):
        raise UserError(
            f"the time {moment_text(int(now[0]), step)} is within a step of {step_text(step)}: this model learnt one "
            "row for each step, gathered from several; send rows that are gathered already"
        )
    if step.sessions is not None and not np.array_equal(grid, now):
        raise UserError(
            f"the time {moment_text(int(now[0]), step)} is out of session: the model knows rows every {step_text(step)}"
        )
    return int(now[0])


def _told_time(table: Table, time: int) -> Any:
    return time_text(time) if table.clock is None else write_time(time, table.clock, table.step)


def _between(before: int, now: int, step: Step) -> list[int]:
    if now <= before:
        raise UserError(
            f"the time {moment_text(now, step)} does not come after {moment_text(before, step)}; send rows in their "
            "order"
        )
    first, last = (int(k) for k in ticks(np.array([before, now], np.int64), step))
    count = max(1, (last - first) // stride(step))
    if count > LONGEST_GAP:
        raise UserError(
            f"{count - 1:,} rows are missing before {moment_text(now, step)}; begin anew after so long a gap"
        )
    times = [int(t) for t in advance(np.array([before], np.int64), step, np.arange(1, count + 1))]
    if times[-1] != (int(to_grid(np.array([now]), step)[0]) if step.months else now):
        distance = f"{step_text(step)} (or a multiple) after {moment_text(before, step)}"
        raise UserError(f"the time {moment_text(now, step)} is not {distance}")
    return times


def _input(contract: Contract, tensor: TensorSpec, row: dict[str, Any], times: list[int]) -> Array:
    source = tensor.source
    if isinstance(source, TimeSource):
        return np.array([times], dtype=tensor.dtype)
    assert isinstance(source, ColumnsSource | StaticSource)
    if tensor.dtype == "string":
        words = [str(cell) if (cell := _cell(row, c)) is not None else "" for c in source.columns]
        return np.array([[[""] * len(words)] * (len(times) - 1) + [words]], dtype=object)
    readings = by_column(contract.table.columns if contract.table is not None else None)
    cells = np.array([_number(row, c, readings.get(c)) for c in source.columns])
    if isinstance(source, StaticSource):
        return cells[None].astype(tensor.dtype)
    rows = np.full((1, len(times), len(cells)), np.nan)
    rows[0, -1] = cells
    return rows.astype(tensor.dtype)


def _cell(row: dict[str, Any], column: str) -> Any:
    if column not in row:
        raise UserError(f"there is no column '{column}'{nearest(column, row)}")
    return row[column]


def _number(row: dict[str, Any], column: str, reading: ColumnReading | None = None) -> float:
    cell = _cell(row, column)
    number = cell_number(cell, reading)
    if number is None:
        plain = reading is None or reading.is_plain
        as_before = "" if plain or reading is None else f" as training had them ({format_of(reading).describe()})"
        raise UserError(
            f"column '{column}': '{cell}' is not a number{as_before}; leave the cell empty where it is missing"
        )
    return number


def _plain(contract: Contract, tensor: TensorSpec, array: Array) -> Any:
    """One answer as JSON holds it: of the newest step, without axes of one place, times and labels as text, no NaN.

    Scores of labels, such as probabilities of classes, stand by their label.
    """
    if contract.stream is not None and contract.stream.axis in tensor.dims:
        place = tensor.dims.index(contract.stream.axis)
        array = array.take([-1], axis=place)
    else:
        place = None
    keep = [k for k, d in enumerate(tensor.dims) if d != "batch" and k != place and contract.axes[d].size != 1]
    values = array.reshape([array.shape[k] for k in keep])
    if tensor.labels is not None and values.dtype.kind in "iu":
        labels = tensor.labels
        return _mapped(values.tolist(), lambda v: labels[v] if 0 <= v < len(labels) else v)
    if isinstance(tensor.source, TimeSource):
        return _mapped(values.tolist(), lambda v: _told_time(contract.table or Table(), int(v)))
    told = values.tolist()
    if values.dtype.kind == "f":
        told = _mapped(told, lambda v: float(f"{v:.7g}") if math.isfinite(v) else None)
    names = contract.axes[tensor.dims[keep[0]]].labels if tensor.is_scores and len(keep) == 1 else None
    return dict(zip(names, told, strict=True)) if names else told


def _mapped(values: Any, function: Any) -> Any:
    return [_mapped(v, function) for v in values] if isinstance(values, list) else function(values)
