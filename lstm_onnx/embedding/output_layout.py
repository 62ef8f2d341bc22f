"""How an answer is laid out as CSV: the same columns as `lstm-onnx predict` shows, by the contract alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Literal

from lstm_onnx.contract import Contract, TensorSpec, TimeSource

_WIDEST = 64
"""Outputs with more values than this for each row are joined into one cell, values separated by spaces."""


@dataclass(frozen=True)
class OutputColumn:
    """A column of the answer: value `place + row * stride` of an output.

    Where `joined`, it is the `stride` values from `row * stride` on, or all where `stride` is 0, separated by spaces.
    """

    header: str
    output: int
    place: int
    stride: int
    joined: bool


@dataclass(frozen=True)
class OutputLayout:
    """The rows and columns of an answer for one example.

    Attributes:
        rows: "future" one row for each time ahead, "step" one for each step of the input, "one" a single row.
        clock: position of the output that holds the times ahead, where rows are "future"; else -1.
        count: how many rows where that is fixed, 0 where the output's second axis tells.
        lead: header of the first column where rows are "future" (the time) or "step" (the number of the step).
        cells: the columns after it.
    """

    rows: Literal["future", "step", "one"]
    clock: int
    count: int
    lead: str
    cells: tuple[OutputColumn, ...]


def output_layout(contract: Contract, rows_axis: str | None) -> OutputLayout:
    """Lay out the outputs that are neither states nor details."""
    states = {s.output for s in contract.states}
    shown = [(i, t) for i, t in enumerate(contract.outputs) if t.name not in states and not t.internal]
    for position, t in shown:
        if isinstance(t.source, TimeSource) and t.source.rows == "future" and len(t.dims) == 2:
            time = (contract.table.time if contract.table else None) or "time"
            others = [(i, o) for i, o in shown if i != position]
            count = contract.axes[t.dims[1]].size or 0
            return OutputLayout("future", position, count, time, _cells(contract, others, t.dims[1], time, short=True))
    if rows_axis is not None and all(len(t.dims) > 1 and t.dims[1] == rows_axis for _, t in shown):
        count = contract.axes[rows_axis].size or 0
        return OutputLayout("step", -1, count, rows_axis, _cells(contract, shown, rows_axis, rows_axis))
    return OutputLayout("one", -1, 1, "", _cells(contract, shown, None, ""))


def _cells(
    contract: Contract, shown: list[tuple[int, TensorSpec]], over: str | None, lead: str, short: bool = False
) -> tuple[OutputColumn, ...]:
    cells: list[OutputColumn] = []
    taken = {lead}
    for position, tensor in shown:
        runs = over is not None and len(tensor.dims) > 1 and tensor.dims[1] == over
        axes = [contract.axes[d] for d in tensor.dims[2 if runs else 1 :]]
        open_ended = any(a.size is None for a in axes)
        width = prod(a.size or 1 for a in axes)
        if open_ended or width > _WIDEST:
            cells.append(OutputColumn(tensor.name, position, 0, width if runs and not open_ended else 0, True))
            continue
        labels = [a.labels or tuple(map(str, range(a.size or 1))) for a in axes]
        plain = not axes or (len(axes) == 1 and axes[0].labels is None and axes[0].size == 1)
        for place, parts in enumerate(product(*labels)):
            label = "" if plain else " ".join(parts)
            whole = f"{tensor.name} {label}".strip()
            header = label if short and runs and label and label not in taken else whole
            taken.add(header)
            cells.append(OutputColumn(header, position, place, width if runs else 0, False))
    return tuple(cells)
