"""Gives single numbers the rank of the tensor that they meet, where ONNX Runtime would go through that one by one.

ONNX Runtime broadcasts run by run. A number of lower rank beside a tensor whose last axis has one element makes a run
of every element: 3,200 products take 34 µs instead of 0.6, 100 take 1.3 instead of 0.3. Of the same rank it is one run.
What is computed stays the same, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from lstm_onnx.graph.traversal import with_inner

_BROADCAST = frozenset(
    "Add Sub Mul Div Pow Max Min Where And Or Xor Equal Greater GreaterOrEqual Less LessOrEqual".split()
)


def give_full_rank(model: onnx.ModelProto) -> int:
    """Do so in place, with a copy of a number for each rank that it is needed in; `value_info` tells the ranks.

    Returns:
        How many inputs of nodes now read another constant.
    """
    graphs = list(with_inner(model.graph))
    shapes = dict(known_shapes(graphs))
    numbers = {t.name: t for graph in graphs for t in graph.initializer if all(d == 1 for d in t.dims)}
    made: dict[str, onnx.TensorProto] = {}
    count = 0
    for node in (node for graph in graphs for node in graph.node if node.op_type in _BROADCAST):
        widest = max((shapes.get(name, ()) for name in node.input if name not in numbers), key=len, default=())
        if not widest or widest[-1] != 1 or (any(name not in shapes | numbers for name in node.input)):
            continue
        for place, name in enumerate(node.input):
            if name not in numbers or len(numbers[name].dims) >= len(widest):
                continue
            copy = f"{name}_{len(widest)}d"
            if copy not in made:
                made[copy] = onnx.TensorProto()
                made[copy].CopyFrom(numbers[name])
                made[copy].name = copy
                made[copy].dims[:] = [1] * len(widest)
            node.input[place] = copy
            count += 1
    model.graph.initializer.extend(made.values())
    return count


def known_shapes(graphs: list[onnx.GraphProto]) -> Iterator[tuple[str, tuple[int | str, ...]]]:
    """Yield what is known of shapes: a free axis by its name."""
    for graph in graphs:
        yield from ((t.name, tuple(t.dims)) for t in graph.initializer)
        for value in (*graph.input, *graph.output, *graph.value_info):
            if value.type.tensor_type.HasField("shape"):
                dims = value.type.tensor_type.shape.dim
                yield value.name, tuple(d.dim_value if d.HasField("dim_value") else d.dim_param for d in dims)
