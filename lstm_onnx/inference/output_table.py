"""From the outputs of a graph to a table that a person reads, by its contract alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import polars as pl

from lstm_onnx.contract import Array, Contract, ImageSource, TensorSpec, TextSource, TimeSource
from lstm_onnx.data.frequency import DAY
from lstm_onnx.errors import UserError
from lstm_onnx.inference.model_inputs import ModelInputs

_BEST = 3
"""Labels to show for each row where there are too many for all."""
_WIDEST = 64
"""Outputs with more values than this for each row are joined into one cell of text."""


def to_table(
    contract: Contract, inputs: ModelInputs, outputs: Mapping[str, Array], top: int | None = None
) -> pl.DataFrame:
    """Lay out the outputs as a table.

    With an output that is the time of future rows (`TimeSource(rows="future")`, dims such as (batch, horizon)) there is
    one row for each series and time, and a column for each label of the other outputs' further axes: `load`, `load
    q0.1`. Otherwise there is one row for each example, or for each example and place where all outputs run along a
    second, free axis; columns are named by output and label: `probability dog`. What does not fit in a row becomes
    text. States and details are left out.

    Args:
        contract: of the file that ran.
        inputs: what went in; names the series.
        outputs: what came out, by name.
        top: of outputs that rank labels, show only so many, the best first; None shows all, or three of very many.
    """
    if top is not None and not any(t.is_scores for t in contract.outputs):
        raise UserError("--top-k: this model does not rank labels, so there are no best ones to choose")
    states = {s.output for s in contract.states}
    shown = [t for t in contract.outputs if t.name in outputs and t.name not in states and not t.internal]
    clock = next((t for t in shown if isinstance(t.source, TimeSource) and t.source.rows == "future"), None)
    if clock is not None and len(clock.dims) == 2:
        return _over_time(contract, inputs, outputs, clock, [t for t in shown if t is not clock])
    return _by_example(contract, inputs, outputs, shown, top)


def _over_time(
    contract: Contract, inputs: ModelInputs, outputs: Mapping[str, Array], clock: TensorSpec, others: list[TensorSpec]
) -> pl.DataFrame:
    time = np.asarray(outputs[clock.name]).astype(np.int64)
    batch, steps = time.shape
    table = contract.table
    columns: dict[str, pl.Series] = {}
    if any(inputs.names) or (not inputs.names and batch > 1):
        names = inputs.names or tuple(str(i) for i in range(batch))
        header = (table.series if table and not table.wide else None) or "series"
        columns[header] = pl.Series(np.repeat(np.array(names, dtype=object), steps), dtype=pl.String)
    stamps = pl.from_epoch(pl.Series(time.ravel()), time_unit="s")
    step = table.step if table else None
    daily = step is None or bool(step.months) or step.seconds % DAY == 0
    midnights = daily and bool((time % DAY == 0).all())
    columns[(table.time if table else None) or "time"] = stamps.cast(pl.Date) if midnights else stamps
    for tensor in others:
        array = np.asarray(outputs[tensor.name])
        over = tensor.dims[:2] == clock.dims
        rows = array.reshape(batch * steps, -1) if over else np.repeat(array.reshape(batch, -1), steps, axis=0)
        for label, values in _columns(contract, tensor, rows, 2 if over else 1):
            plain = label if over and label else f"{tensor.name} {label}".strip()
            columns[plain if plain not in columns else f"{tensor.name} {label}".strip()] = values
    return pl.DataFrame(columns)


def _by_example(
    contract: Contract, inputs: ModelInputs, outputs: Mapping[str, Array], shown: list[TensorSpec], top: int | None
) -> pl.DataFrame:
    if not shown or any(not t.dims for t in shown):
        cells = {t.name: np.asarray(outputs[t.name]).tolist() for t in shown}
        return pl.DataFrame({name: [str(v) if isinstance(v, list) else v] for name, v in cells.items()})
    first = np.asarray(outputs[shown[0].name])
    second = {t.dims[1] if len(t.dims) > 1 else None for t in shown}
    shared = second.pop() if len(second) == 1 else None
    depth = 2 if shared is not None and contract.axes[shared].size is None else 1
    rows = int(np.prod(first.shape[:depth]))
    columns: dict[str, pl.Series] = {}
    if len(first) != 1 or any(inputs.names):
        names: Array = np.array(inputs.names, dtype=object) if any(inputs.names) else np.arange(len(first))
        header = _name_of_examples(contract, any(inputs.names))
        columns[header] = pl.Series(np.repeat(names, rows // max(len(first), 1)).tolist())
    if depth == 2 and shared is not None:
        columns[shared] = pl.Series(np.tile(np.arange(first.shape[1]), len(first)))
    for tensor in shown:
        array = np.asarray(outputs[tensor.name]).reshape(rows, -1)
        labels = contract.axes[tensor.dims[-1]].labels if tensor.is_scores else None
        best = top or (_BEST if array.shape[1] > _WIDEST else None)
        made = _ranked(labels, array, best) if labels and best else _columns(contract, tensor, array, depth)
        for label, values in made:
            columns[f"{tensor.name} {label}".strip()] = values
    return pl.DataFrame(columns)


def _ranked(labels: tuple[str, ...], rows: Array, count: int) -> Iterator[tuple[str, pl.Series]]:
    """Yield the best labels of each row and their scores, a column each."""
    order = np.argsort(-rows, axis=1, kind="stable")[:, :count]
    for place in range(order.shape[1]):
        chosen = order[:, place]
        yield f"top {place + 1}", pl.Series([labels[k] for k in chosen], dtype=pl.String)
        yield f"top {place + 1} score", pl.Series(np.take_along_axis(rows, chosen[:, None], axis=1)[:, 0])


def _name_of_examples(contract: Contract, named: bool) -> str:
    """Head the column that tells examples apart."""
    column = next((t.source.column for t in contract.inputs if isinstance(t.source, TextSource)), None)
    table = contract.table
    if column is not None:
        return column
    if any(isinstance(t.source, ImageSource) for t in contract.inputs):
        return "picture" if named else "example"
    if table is not None and table.series is not None:
        return table.series
    return "example" if not named else "row" if table is not None and table.steps else "series"


def _columns(contract: Contract, tensor: TensorSpec, rows: Array, depth: int) -> Iterator[tuple[str, pl.Series]]:
    """Yield (label, column) for each place along the axes from `depth` on, of values laid out as (rows, places)."""
    axes = [contract.axes[d] for d in tensor.dims[depth:]]
    if any(a.size is None for a in axes) or rows.shape[1] > _WIDEST:
        yield "", pl.Series([" ".join(str(v) for v in row) for row in rows.tolist()], dtype=pl.String)
        return
    labels = [a.labels or tuple(str(i) for i in range(a.size or 1)) for a in axes]
    plain = len(labels) == 1 and axes[0].labels is None and axes[0].size == 1
    for i, parts in enumerate(product(*labels)):
        column = rows[:, i]
        text = column.dtype.kind in "OSU"
        values = (
            pl.Series([str(v) for v in column], dtype=pl.String) if text else pl.Series(np.ascontiguousarray(column))
        )
        yield "" if plain else " ".join(parts), values
