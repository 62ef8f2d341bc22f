"""Weights stored in int8 and computed with in float32: for LSTMs and products that ONNX Runtime has no int8 kernel for.

Such are those inside a Loop, every Gemm, and LSTMs with a column of switches, which leaves no scale for the other
weights: it is kept apart here. What a file takes is a quarter. Operators are standard ones, and nothing depends on the
batch or the number of threads. They are Cast and Mul and not DequantizeLinear: runtimes fold the two once, when they
load a file, and ONNX Runtime leaves the one to each run (3 layers of 768: 61 ms instead of 24 for a character).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lstm_onnx.graph.int8_rounding import FROZEN, Floats, largest_weight, multiples
from lstm_onnx.graph.traversal import nodes_of


def without_kernel(model: onnx.ModelProto, smallest: int) -> dict[str, int]:
    """Name the weights that are read by nothing but LSTMs and products, at least one of which has no int8 kernel.

    Args:
        model: not changed.
        smallest: elements that a weight must have.

    Returns:
        Names with the axis along which one scale counts, for each unit of a gate or each output.
    """
    weights = {t.name: t for t in model.graph.initializer if t.data_type == TensorProto.FLOAT}
    on_top = {id(node) for node in model.graph.node}
    axes: dict[str, int] = {}
    others: set[str] = set()
    found: set[str] = set()
    for node in nodes_of(model.graph):
        switched = node.op_type == "LSTM" and node.input[1] in weights and _is_switched(weights[node.input[1]])
        for k, name in enumerate(node.input):
            axis = _axis(node, k, weights[name]) if name in weights else None
            if axis is None or axes.setdefault(name, axis) != axis:
                others.add(name)
            elif id(node) not in on_top or switched or node.op_type == "Gemm":
                found.add(name)
    read_as_answers = {o.name for o in model.graph.output}
    return {
        name: axes[name]
        for name in weights
        if name in found - others - read_as_answers
        and np.prod(weights[name].dims) >= smallest
        and _apart(numpy_helper.to_array(weights[name])) is not None
    }


def store(model: onnx.ModelProto, chosen: Mapping[str, int]) -> None:
    """Store weights in int8, in place, all eight bits of it, with a scale for each unit or output.

    Weights that another one holds too are stored once, such as those of an LSTM with and without a column of switches,
    or of a product as they are and transposed.

    Args:
        model: to change.
        chosen: by `without_kernel`.
    """
    tensors = {t.name: t for t in model.graph.initializer if t.name in chosen}
    made: list[onnx.NodeProto] = []
    kept = [t for t in model.graph.initializer if t.name not in chosen]
    known: dict[tuple[int, bytes], str] = {}
    for name in sorted(tensors, key=lambda n: _is_switched(tensors[n])):
        parts = _apart(numpy_helper.to_array(tensors[name]))
        assert parts is not None, name
        (learned, switches), axis = parts, chosen[name]
        same, turned = known.get((axis, learned.tobytes())), known.get((1 - axis, learned.T.tobytes()))
        learned_name = f"{name}.learned" if switches.size else name
        if same is not None:
            learned_name = same
        elif turned is not None and learned.ndim == 2:
            made.append(helper.make_node("Transpose", [turned], [learned_name], name=f"{name}/Transpose", perm=[1, 0]))
        else:
            small, scale = multiples(learned, axis)
            kept.append(numpy_helper.from_array(small.astype(np.int8), f"{name}.int8"))
            kept.append(numpy_helper.from_array(scale, f"{name}.scale"))
            made += _scaled(name, learned_name)
        known[axis, learned.tobytes()] = learned_name
        if switches.size:
            kept.append(numpy_helper.from_array(switches, f"{name}.switches"))
            inputs = [learned_name, kept[-1].name]
            made.append(helper.make_node("Concat", inputs, [name], name=f"{name}/Concat", axis=-1))
        elif learned_name != name:
            made.append(helper.make_node("Identity", [learned_name], [name], name=f"{name}/Identity"))
    nodes = [*made, *model.graph.node]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(kept)


def _scaled(name: str, whole: str) -> Iterator[onnx.NodeProto]:
    yield helper.make_node("Cast", [f"{name}.int8"], [f"{name}.multiples"], name=f"{name}/Cast", to=TensorProto.FLOAT)
    yield helper.make_node("Mul", [f"{name}.multiples", f"{name}.scale"], [whole], name=f"{name}/Mul")


def _axis(node: onnx.NodeProto, place: int, weight: onnx.TensorProto) -> int | None:
    """Return the axis along which one scale counts, or None where the node reads it as something else than weights."""
    if node.op_type == "LSTM" and place in (1, 2):
        return 2
    if node.op_type in ("MatMul", "Gemm") and place == 1 and len(weight.dims) == 2:
        return int(any(a.name == "transB" and a.i for a in node.attribute))
    return None


def _is_switched(weight: onnx.TensorProto) -> bool:
    return largest_weight(weight) >= FROZEN


def _apart(weight: Floats) -> tuple[Floats, Floats] | None:
    """Return the weights, and the column of switches if the last one is; None if others are."""
    columns = np.abs(weight).reshape(-1, weight.shape[-1]).max(axis=0)
    if (columns[:-1] >= FROZEN).any():
        return None
    count = weight.shape[-1] - int(columns[-1] >= FROZEN)
    return np.ascontiguousarray(weight[..., :count]), np.ascontiguousarray(weight[..., count:])
