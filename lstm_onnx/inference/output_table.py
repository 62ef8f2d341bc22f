"""From the outputs of a graph to a table that a person reads, by its contract alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from lstm_onnx.contract import Array, AudioSource, CellSource, ColumnsSource, Contract, ImageSource, Table, TextSource
from lstm_onnx.data.columns import NAME_SEPARATOR
from lstm_onnx.data.frequency import DAY
from lstm_onnx.data.times.writer import write_times
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_layout import OutputColumn, OutputLayout, output_layout, series_header

PICTURE, SOUND = "picture", "sound"
"""Head the names of pictures, or of sounds, where examples are called by these."""


def to_table(
    contract: Contract, inputs: ModelInputs, outputs: Mapping[str, Array], top: int | None = None
) -> pl.DataFrame:
    """Lay out the outputs as a table, as `output_layout` says, the rows of all examples below each other.

    Where there are several examples, or they have names, the first column tells them apart.

    Args:
        contract: of the file that ran.
        inputs: what went in; names the series.
        outputs: what came out, by name.
        top: of outputs that rank labels, show only so many, the best first; None shows all, or three of very many; 0
            shows all, however many.
    """
    if top and not any(t.is_scores for t in contract.outputs):
        raise UserError("--top-k: this model does not rank labels, so there are no best ones to choose")
    layout = output_layout(contract, top)
    there = [(cell, contract.outputs[cell.output]) for cell in layout.cells]
    arrays = {t.name: np.asarray(outputs[t.name]) for _, t in there if t.name in outputs}
    clock = contract.outputs[layout.clock].name if layout.clock >= 0 else None
    time = np.asarray(outputs[clock]).astype(np.int64) if clock is not None else None
    first = time if time is not None else next(iter(arrays.values()), np.empty(0))
    batch = len(first) if first.ndim else 1
    steps = 1 if layout.rows == "one" else first.shape[1]
    columns = _names(contract, inputs, batch, steps, layout.rows == "future")
    if inputs.origins is not None:
        columns |= time_columns(contract, inputs, np.repeat(inputs.origins, steps), _origin(contract, columns))
    if time is not None:
        columns |= time_columns(contract, inputs, time.ravel(), layout.lead)
    elif layout.rows == "step":
        columns |= _places(contract, inputs, layout, batch, steps)
    for cell, tensor in there:
        if tensor.name in arrays:
            columns[cell.header] = _column(cell, arrays[tensor.name], batch, steps)
    frame = pl.DataFrame(columns)
    return frame if layout.rows != "step" else frame.filter(_counted(inputs, outputs, layout, contract, batch, steps))


def _places(
    contract: Contract, inputs: ModelInputs, layout: OutputLayout, batch: int, steps: int
) -> dict[str, pl.Series]:
    """Return what tells the steps apart: the time that stands in the table at each, or their numbers."""
    time = contract.table.time if contract.table is not None else None
    headers = [cell.header for cell in layout.cells]
    if inputs.table is None or inputs.steps is None or time not in inputs.table.columns or time in headers:
        return {layout.lead: pl.Series(np.tile(np.arange(steps), batch))}
    assert time is not None
    rows = np.zeros((batch, steps), dtype=np.int64)  # what stands in the padding is left out later
    for place, found in zip(rows, inputs.steps, strict=True):
        place[: len(found)] = found[:steps]
    return {time: inputs.table.get_column(time).gather(rows.ravel())}


def _counted(
    inputs: ModelInputs, outputs: Mapping[str, Array], layout: OutputLayout, contract: Contract, batch: int, steps: int
) -> Array:
    """Say which rows are steps that count: those of the longest of the outputs, where they say how many there are."""
    counts = [contract.outputs[cell.output].count for cell in layout.cells]
    there = {**inputs.arrays, **outputs}
    known = [np.asarray(there[n]) for n in counts if n is not None and n in there]
    if len(known) < len(counts) or not known:
        return np.ones(batch * steps, dtype=np.bool_)
    kept: Array = (np.arange(steps) < np.max(np.stack(known), axis=0)[:, None]).ravel()
    return kept


def _names(contract: Contract, inputs: ModelInputs, batch: int, steps: int, ahead: bool) -> dict[str, pl.Series]:
    """Return the column that tells examples apart, where there is need for one."""
    named = any(inputs.names)
    if not named and (batch == 1 or (ahead and inputs.names)):
        return {}
    if inputs.ids is not None:
        rows = np.repeat(np.arange(batch), steps)
        return {c: inputs.ids.get_column(c).gather(rows) for c in inputs.ids.columns}
    if ahead:
        names = inputs.names or tuple(str(i) for i in range(batch))
        return {series_header(contract): pl.Series(np.repeat(np.array(names, dtype=object), steps), dtype=pl.String)}
    found: Array = np.array(inputs.names, dtype=object) if named else np.arange(batch)
    return {_name_of_examples(contract, named): pl.Series(np.repeat(found, steps).tolist())}


def time_columns(contract: Contract, inputs: ModelInputs, time: Array, header: str) -> dict[str, pl.Series]:
    """Return the times ahead as the table writes them; where nothing tells how, dates if no time of day is meant."""
    table = contract.table or Table()
    clock, step = inputs.clock or table.clock, table.step
    if clock is not None:
        return write_times(time, clock, step, header)
    stamps = pl.from_epoch(pl.Series(time), time_unit="s")
    daily = step is None or bool(step.months) or step.seconds % DAY == 0
    return {header: stamps.cast(pl.Date) if daily and bool((time % DAY == 0).all()) else stamps}


def _origin(contract: Contract, columns: Mapping[str, pl.Series]) -> str:
    """Head the column of the newest times that windows know."""
    taken = {*columns, *(contract.table.times if contract.table is not None else ())}
    return "origin" if "origin" not in taken else "forecast origin"


def _column(cell: OutputColumn, array: Array, batch: int, steps: int) -> pl.Series:
    """Return the values of one column, a row for each example and step."""
    if not array.ndim:  # one value, whatever the examples
        array = np.repeat(array[None], batch)
    runs = cell.stride > 0
    rows = array.reshape(batch * steps, -1) if runs else array.reshape(batch, -1)
    if cell.joined:
        found = pl.Series([" ".join(map(str, _told(row, cell.labels))) for row in rows], dtype=pl.String)
    elif cell.rank >= 0:
        chosen = np.argsort(-rows, axis=1, kind="stable")[:, cell.rank]
        scores = np.take_along_axis(rows, chosen[:, None], axis=1)[:, 0]
        found = pl.Series(scores) if cell.score else pl.Series([cell.labels[k] for k in chosen], dtype=pl.String)
    else:
        values = rows[:, cell.place]
        text = bool(cell.labels) or values.dtype.kind in "OSU"
        found = (
            pl.Series([str(v) for v in _told(values, cell.labels)], dtype=pl.String)
            if text
            else pl.Series(np.ascontiguousarray(values))
        )
    return found if runs or steps == 1 else found.gather(np.repeat(np.arange(batch), steps))


def _told(values: Array, labels: tuple[str, ...]) -> list[Any]:
    """Return values, or the labels that they stand for."""
    plain: list[Any] = values.tolist()
    return [labels[v] if 0 <= v < len(labels) else "?" for v in plain] if labels else plain


def _name_of_examples(contract: Contract, named: bool) -> str:
    """Head the column that tells examples apart."""
    column = next((t.source.column for t in contract.inputs if isinstance(t.source, TextSource)), None)
    table = contract.table
    sequences = any(isinstance(t.source, ColumnsSource) for t in contract.inputs)
    if column is not None and not sequences:
        return column
    if (pictures := sum(isinstance(t.source, ImageSource) for t in contract.inputs)) and not sequences:
        return (PICTURE if pictures == 1 else "row") if named else "example"
    if any(isinstance(t.source, AudioSource) for t in contract.inputs):
        return SOUND if named else "example"
    if table is not None and table.ids:
        return NAME_SEPARATOR.join(table.ids)
    by_row = table is not None and table.steps
    by_row |= bool(contract.inputs) and all(isinstance(t.source, CellSource) for t in contract.inputs)
    return "example" if not named else "row" if by_row else "series"
