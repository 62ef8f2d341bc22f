"""What a contract must be besides its types: its parts fit each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstm_onnx.contract import Contract


def fault_of(contract: Contract) -> str | None:
    """Say what in a contract contradicts the rest of it."""
    for side in (contract.inputs, contract.outputs):
        if len({t.name for t in side}) != len(side):
            return f"two tensors of one name among {', '.join(t.name for t in side)}"
    for name, axis in contract.axes.items():
        if axis.max is not None and axis.max < axis.min:
            return f"axis {name} is at least {axis.min} and at most {axis.max} long"
        if axis.size is not None and axis.labels is not None and len(axis.labels) != axis.size:
            return f"axis {name} has {axis.size} places and {len(axis.labels)} labels"
    for t in (*contract.inputs, *contract.outputs):
        if unknown := [d for d in t.dims if d not in contract.axes]:
            return f"{t.name} has an axis {unknown[0]}, which is not described"
        source = t.source
        if source is not None and (source.kind == "columns" or source.kind == "static") and t.dims:
            size = contract.axes[t.dims[-1]].size
            if size is not None and size != len(source.columns):
                return f"{t.name} has {size} columns in the graph, and {len(source.columns)} in the table"
        if source is not None and source.kind == "lengths" and source.axis not in contract.axes:
            return f"{t.name} counts along the axis {source.axis}, which is not described"
    for number, example in enumerate(contract.examples, start=1):
        for values, side in ((example.inputs, contract.inputs), (example.outputs, contract.outputs)):
            if values.keys() != {t.name for t in side}:
                return f"golden example {number} has {', '.join(values)} instead of {', '.join(t.name for t in side)}"
            if wrong := [t.name for t in side if len(values[t.name].shape) != len(t.dims)]:
                return f"golden example {number} has {wrong[0]} of another number of axes"
    return None
