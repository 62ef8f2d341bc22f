"""Scaling as it goes into the graph, so that values go in and come out in the person's unit; and the same in NumPy."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lstm_onnx.contract import Array
from lstm_onnx.errors import UserError
from lstm_onnx.exporting.about import AboutTensor, Scale
from lstm_onnx.exporting.adoption.original import Original
from lstm_onnx.graph.traversal import nodes_of


def scale_inside(model: onnx.ModelProto, original: Original, notes: list[str]) -> None:
    """Put (value - mean) / spread behind the inputs of which it is told, and the reverse before such outputs.

    Raises:
        UserError: a tensor is not float32, or the numbers to scale by do not fit it.
    """
    graph = model.graph
    before, after = list[onnx.NodeProto](), list[onnx.NodeProto]()
    for value in graph.input:
        scale = _scale_of(value, original.about.inputs.get(value.name), original)
        if scale is not None:
            before += _scaling_nodes(graph, value, scale, original)
    for value in graph.output:
        scale = _scale_of(value, original.about.outputs.get(value.name), original)
        if scale is not None:
            after += _unscaling_nodes(graph, value, scale, original)
    if before or after:
        nodes = [*before, *(onnx.NodeProto.FromString(n.SerializeToString()) for n in graph.node), *after]
        del graph.node[:]
        graph.node.extend(nodes)
        notes.append("scaling is inside the graph now")


def scaled(array: Array, told: AboutTensor | None) -> Array:
    """Return values in the person's unit as the file as it was takes them."""
    if told is None or told.scale is None:
        return array
    mean, spread = (np.asarray(v, np.float32) for v in (told.scale.mean, told.scale.spread))
    return np.asarray((array - mean) / spread, array.dtype)


def unscaled(array: Array, told: AboutTensor | None) -> Array:
    """Return what the file as it was takes or gives in the person's unit."""
    if told is None or told.scale is None:
        return array
    mean, spread = (np.asarray(v, np.float32) for v in (told.scale.mean, told.scale.spread))
    return np.asarray(array * spread + mean, array.dtype)


def _scale_of(value: onnx.ValueInfoProto, told: AboutTensor | None, original: Original) -> Scale | None:
    if told is None or told.scale is None:
        return None
    if value.type.tensor_type.elem_type != onnx.TensorProto.FLOAT:
        raise UserError(f"{original.path}: '{value.name}' is not float32, so that it cannot be scaled")
    return told.scale


def _scaling_nodes(
    graph: onnx.GraphProto, value: onnx.ValueInfoProto, scale: Scale, original: Original
) -> list[onnx.NodeProto]:
    name, inner = value.name, _renamed_inside(graph, value.name)
    mean, spread = _constants(graph, value, scale, original)
    return [
        helper.make_node("Sub", [name, mean], [f"{inner}.centred"], name=f"adopt/Sub_{name}"),
        helper.make_node("Div", [f"{inner}.centred", spread], [inner], name=f"adopt/Div_{name}"),
    ]


def _unscaling_nodes(
    graph: onnx.GraphProto, value: onnx.ValueInfoProto, scale: Scale, original: Original
) -> list[onnx.NodeProto]:
    name, inner = value.name, _renamed_inside(graph, value.name)
    mean, spread = _constants(graph, value, scale, original)
    return [
        helper.make_node("Mul", [inner, spread], [f"{inner}.spread"], name=f"adopt/Mul_{name}"),
        helper.make_node("Add", [f"{inner}.spread", mean], [name], name=f"adopt/Add_{name}"),
    ]


def _renamed_inside(graph: onnx.GraphProto, name: str) -> str:
    """Let all nodes call a value otherwise, and return how: its old name is that of the value in the person's unit."""
    inner = f"{name}.scaled"
    for node in nodes_of(graph):
        node.input[:] = [inner if n == name else n for n in node.input]
        node.output[:] = [inner if n == name else n for n in node.output]
    return inner


def _constants(graph: onnx.GraphProto, value: onnx.ValueInfoProto, scale: Scale, original: Original) -> tuple[str, str]:
    """Add mean and spread to the graph's weights, and return their names."""
    mean, spread = (np.asarray(part, dtype=np.float32) for part in (scale.mean, scale.spread))
    dims = value.type.tensor_type.shape.dim
    last = dims[-1].dim_value if dims else 1
    for part, numbers in (("mean", mean), ("spread", spread)):
        if numbers.ndim and len(numbers) != last:
            raise UserError(
                f"{original.path}: '{value.name}' was told {len(numbers)} numbers to scale by ({part}), not {last}"
            )
    if not (np.isfinite(spread).all() and (spread > 0).all()):
        raise UserError(f"{original.path}: '{value.name}': a spread must be positive")
    for part, numbers in (("mean", mean), ("spread", spread)):
        graph.initializer.append(numpy_helper.from_array(numbers, f"{value.name}.{part}"))
    return f"{value.name}.mean", f"{value.name}.spread"
