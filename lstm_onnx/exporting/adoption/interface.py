"""What goes in and comes out: as the contract says it, and as it stands in the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import onnx

from lstm_onnx.contract import Axis, TensorSpec
from lstm_onnx.data.made_up_inputs import FoundTensor
from lstm_onnx.errors import UserError
from lstm_onnx.exporting.about import AboutTensor
from lstm_onnx.exporting.adoption.axes import NamedAxes, name_axes
from lstm_onnx.exporting.adoption.original import Original
from lstm_onnx.graph.traversal import with_inner


@dataclass(frozen=True)
class Interface:
    """Inputs and outputs in the graph's order, and their axes by name."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    axes: dict[str, Axis]


def find_interface(original: Original, notes: list[str]) -> Interface:
    """Say of every input and output what it is.

    Raises:
        UserError: what is told does not fit, the file does not answer, or one is of a type that no contract has.
    """
    named, found, about = name_axes(original, notes), original.found, original.about
    return Interface(
        tuple(_tensor(original, t, t.dtype, about.inputs, named) for t in found.inputs),
        tuple(_tensor(original, t, _output_dtype(t, named), about.outputs, named) for t in found.outputs),
        named.axes,
    )


def _output_dtype(tensor: FoundTensor, named: NamedAxes) -> str:
    return str(named.outputs[tensor.name].dtype) if tensor.dtype == "unknown" else tensor.dtype


def _tensor(
    original: Original, found: FoundTensor, dtype: Any, told: Mapping[str, AboutTensor], named: NamedAxes
) -> TensorSpec:
    about = told.get(found.name, AboutTensor())
    try:
        return TensorSpec(
            name=found.name,
            dtype=dtype,
            dims=named.dims[found.name],
            meaning=about.meaning or f"{found.name}, of which nobody said what it means",
            unit=about.unit,
        )
    except ValueError as error:
        raise UserError(f"{original.path}: '{found.name}' is of the type {dtype}, which no contract has") from error


def write_interface(model: onnx.ModelProto, interface: Interface) -> None:
    """Name the axes in the graph as in the contract, and leave out what other runtimes choke on.

    That is: weights listed among the inputs, and the shapes of inner values.
    """
    graph, given = model.graph, {t.name for t in interface.inputs}
    kept = [onnx.ValueInfoProto.FromString(v.SerializeToString()) for v in graph.input if v.name in given]
    del graph.input[:]
    graph.input.extend(kept)
    for each in with_inner(graph):
        del each.value_info[:]
    tensors = (*interface.inputs, *interface.outputs)
    for tensor, value in zip(tensors, (*graph.input, *graph.output), strict=True):
        value.doc_string = tensor.meaning
        shape = value.type.tensor_type.shape
        del shape.dim[:]
        shape.SetInParent()  # a number alone has a shape, too: the empty one
        for name in tensor.dims:
            size = interface.axes[name].size
            shape.dim.add(**({"dim_value": size} if size else {"dim_param": name}))
