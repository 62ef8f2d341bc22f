"""Takes a slice of what was just joined from the part that it is, so that nothing is joined to be parted again.

A module joins its answers in one tensor, and the one that decodes them parts it: together they are a `Concat` and a
`Slice` of it for each part, five nodes that move numbers and compute nothing.
"""

from __future__ import annotations

import onnx
from onnx import numpy_helper

from lstm_onnx.graph.full_rank import known_shapes
from lstm_onnx.graph.traversal import reads, with_inner
from lstm_onnx.graph.unused_cells import drop_dead


def shorten_slices(model: onnx.ModelProto) -> int:
    """Let nodes read a part itself where they read a `Slice` that is the whole part of a `Concat`; in place.

    Returns:
        How many slices went.
    """
    graphs = list(with_inner(model.graph))
    shapes = dict(known_shapes(graphs))
    numbers = {t.name: t for graph in graphs for t in graph.initializer}
    kept = {value.name for graph in graphs for value in graph.output}
    count = 0
    for graph in graphs:
        joined = {node.output[0]: node for node in graph.node if node.op_type == "Concat"}
        same: dict[str, str] = {}
        for node in graph.node:
            node.input[:] = [same.get(name, name) for name in node.input]
            concat = joined.get(node.input[0]) if node.op_type == "Slice" else None
            part = _part(node, concat, shapes, numbers) if concat is not None else None
            if part is not None and node.output[0] not in kept and not _inside(graph, node.output[0]):
                same[node.output[0]] = part
                count += 1
    if count:
        drop_dead(graphs)
    return count


def _part(
    node: onnx.NodeProto,
    concat: onnx.NodeProto,
    shapes: dict[str, tuple[int | str, ...]],
    numbers: dict[str, onnx.TensorProto],
) -> str | None:
    """Name the input of `concat` that the Slice `node` of it is; None if it is none, or that is not known."""
    if len(node.input) < 4 or any(name not in numbers for name in node.input[1:]):
        return None
    told = [numpy_helper.to_array(numbers[name]).tolist() for name in node.input[1:]]
    if any(len(values) != 1 for values in told) or (len(told) == 4 and told[3] != [1]):
        return None
    (begin,), (end,), (axis,) = told[:3]
    sizes = [shapes[name] for name in concat.input if name in shapes]
    if len(sizes) < len(concat.input) or axis % len(sizes[0]) != concat.attribute[0].i % len(sizes[0]):
        return None
    widths = [shape[axis] for shape in sizes]
    total = 0
    names: list[str] = list(concat.input)
    for name, width in zip(names, widths, strict=True):
        if not isinstance(width, int):
            return None
        if begin == total and (end == total + width or (name == names[-1] and end > total + width)):
            return name
        total += width
    return None


def _inside(graph: onnx.GraphProto, name: str) -> bool:
    """Whether a graph inside a node of this one reads a value."""
    return any(name in reads(node) and name not in node.input for node in graph.node)
