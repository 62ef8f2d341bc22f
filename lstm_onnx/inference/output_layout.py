"""How an answer is laid out as a table, by the contract alone: of `predict`, and of every generated program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Literal

from lstm_onnx.contract import ColumnsSource, Contract, Table, TensorSpec, TimeSource

BEST = 3
"""Labels to show for each row where there are too many for all."""
WIDEST = 64
"""Outputs with more values than this for each row are joined into one cell of text, values separated by spaces."""


@dataclass(frozen=True)
class OutputColumn:
    """A column of the answer: value `place + row * stride` of an output, within an example.

    Attributes:
        header: what it is called.
        output: position of the output in the contract.
        place: which value of a row.
        stride: values that a row of the answer has; 0 where the output does not run along the rows.
        joined: it is all values of a row (where `stride` is 0, of the example), separated by spaces.
        rank: it tells of the label with so high a score, from 0 for the best; -1 of other columns.
        score: of a rank, the score and not the label.
        labels: what whole numbers stand for, or, of a rank, the places.
        count: of a rank, how many scores there are.
    """

    header: str
    output: int
    place: int
    stride: int
    joined: bool = False
    rank: int = -1
    score: bool = False
    labels: tuple[str, ...] = ()
    count: int = 0


@dataclass(frozen=True)
class OutputLayout:
    """The rows and columns of an answer for one example.

    Attributes:
        rows: "future" one row for each time ahead, "step" one for each place along the outputs' second axis, "one" a
            single row.
        clock: position of the output that holds the times ahead, where rows are "future"; else -1.
        count: how many rows where that is fixed, 0 where the outputs' second axis tells.
        lead: header of the first column where rows are "future" (the time) or "step" (the number of the step).
        cells: the columns after it.
    """

    rows: Literal["future", "step", "one"]
    clock: int
    count: int
    lead: str
    cells: tuple[OutputColumn, ...]

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*([self.lead] if self.lead else []), *(cell.header for cell in self.cells))


def output_layout(contract: Contract, top: int | None = None) -> OutputLayout:
    """Lay out the outputs that are neither states nor internal.

    With an output that is the time of future rows (`TimeSource(rows="future")`, dims such as (batch, horizon)) there is
    one row for each time, and a column for each label of the other outputs' further axes: `load`, `load q0.1`.
    Otherwise there is one row for each example, or for each example and place where all outputs run along a second axis
    that is free or that inputs have as their rows; columns are named by output and label: `probability dog`.

    Args:
        contract: describes the outputs.
        top: of outputs that rank labels, show only so many, the best first; None shows all, or `BEST` of very many; 0
            shows all, however many.
    """
    states = {s.output for s in contract.states}
    shown = [(i, t) for i, t in enumerate(contract.outputs) if t.name not in states and not t.internal]
    for position, t in shown:
        if isinstance(t.source, TimeSource) and t.source.rows == "future" and len(t.dims) == 2:
            table = contract.table or Table()
            time = table.time or ("row" if table.clock is not None else "time")
            others = [(i, o) for i, o in shown if i != position]
            count = contract.axes[t.dims[1]].size or 0
            taken = {time, *table.times, *table.ids, series_header(contract)}
            return OutputLayout("future", position, count, time, _cells(contract, others, t.dims[1], taken, None))
    axis = _axis_of_rows(contract, [t for _, t in shown])
    if axis is not None:
        return OutputLayout("step", -1, contract.axes[axis].size or 0, axis, _cells(contract, shown, axis, None, top))
    return OutputLayout("one", -1, 1, "", _cells(contract, shown, None, None, top))


def series_header(contract: Contract) -> str:
    """Head the column that tells series apart."""
    table = contract.table
    return (table.series if table and not table.wide else None) or "series"


def rows_axis(contract: Contract) -> str | None:
    """Find the axis of inputs that runs over rows of the past, or over the steps of a sequence."""
    given = contract.external_inputs
    for t in given:
        if isinstance(t.source, ColumnsSource) and t.source.rows != "future":
            return t.dims[-2]
        if isinstance(t.source, TimeSource) and t.source.rows == "past":
            return t.dims[-1]
    return next((d for t in given if t.source is None for d in free_axes(contract, t)), None)


def free_axes(contract: Contract, tensor: TensorSpec) -> list[str]:
    """Name the axes of a tensor, but for the batch, that have no fixed size."""
    return [d for d in tensor.dims[1:] if contract.axes[d].size is None]


def _axis_of_rows(contract: Contract, shown: list[TensorSpec]) -> str | None:
    """Find the second axis that all outputs share, where an answer has a row for each place along it."""
    second = {t.dims[1] if len(t.dims) > 1 else None for t in shown}
    axis = second.pop() if len(second) == 1 else None
    if axis is None or not (contract.axes[axis].size is None or axis == rows_axis(contract)):
        return None
    return axis if all(contract.axes[d].size is not None for t in shown for d in t.dims[2:]) else None


def _cells(
    contract: Contract, shown: list[tuple[int, TensorSpec]], over: str | None, taken: set[str] | None, top: int | None
) -> tuple[OutputColumn, ...]:
    """Make the columns; with names that are `taken`, others along the rows go by their label alone."""
    cells: list[OutputColumn] = []
    for position, tensor in shown:
        runs = over is not None and len(tensor.dims) > 1 and tensor.dims[1] == over
        for cell in _columns(contract, tensor, position, runs, top, ranked=taken is None):
            whole = f"{tensor.name} {cell.header}".strip()
            short = taken is not None and runs and cell.header and cell.header not in taken
            header = cell.header if short else whole
            if taken is not None:
                taken.add(header)
            cells.append(OutputColumn(**{**vars(cell), "header": header}))
    return tuple(cells)


def _columns(
    contract: Contract, tensor: TensorSpec, position: int, runs: bool, top: int | None, ranked: bool
) -> Iterator[OutputColumn]:
    """Yield the columns of one output, headed by the label alone."""
    axes = [contract.axes[d] for d in tensor.dims[2 if runs else 1 :]]
    open_ended = any(a.size is None for a in axes)
    width = prod(a.size or 1 for a in axes)
    stride = width if runs and not open_ended else 0
    numbers = tensor.labels or ()
    names = axes[0].labels if len(axes) == 1 else None
    best = top or (BEST if width > WIDEST and top is None else None)
    if ranked and tensor.is_scores and names and best:
        for rank in range(min(best, width)):
            for score in (False, True):
                header = f"top {rank + 1}{' score' * score}"
                yield OutputColumn(header, position, 0, stride, rank=rank, score=score, labels=names, count=width)
    elif open_ended or (width > WIDEST and not (ranked and tensor.is_scores and names and top == 0)):
        yield OutputColumn("", position, 0, stride, joined=True, labels=numbers)
    else:
        labels = [a.labels or tuple(map(str, range(a.size or 1))) for a in axes]
        plain = not axes or (len(axes) == 1 and axes[0].labels is None and axes[0].size == 1)
        for place, parts in enumerate(product(*labels)):
            yield OutputColumn("" if plain else " ".join(parts), position, place, stride, labels=numbers)
