"""What a file is, whoever made it, as far as it says so itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import prod
from os import PathLike

import numpy as np
import onnx

from lstm_onnx.contract import Contract
from lstm_onnx.data.given import given_file
from lstm_onnx.data.made_up_inputs import FoundTensor
from lstm_onnx.graph.model_file import parse_model, read_contract
from lstm_onnx.graph.traversal import nodes_of


@dataclass(frozen=True)
class Description:
    """What stands in a file.

    Attributes:
        producer: program and version that wrote it; empty where it does not say.
        ir_version: of the file format.
        opsets: domain -> version; the standard one is "ai.onnx".
        size: bytes, without weights in other files.
        weights: how many numbers they are, constants included.
        inputs, outputs: of the graph; without weights that old files list among the inputs.
        operators: operator, with its domain where that is not the standard one -> how often; inner graphs count.
        metadata: names of what is in its metadata.
    """

    producer: str
    ir_version: int
    opsets: dict[str, int]
    size: int
    weights: int
    inputs: tuple[FoundTensor, ...]
    outputs: tuple[FoundTensor, ...]
    operators: dict[str, int]
    metadata: tuple[str, ...]


def described_file(file: str | PathLike[str]) -> tuple[Contract | None, Description]:
    """Return the contract of a file, if it has one, and what else it says of itself.

    Raises:
        UserError: there is no such file, it is no ONNX file, or its contract is broken.
    """
    path = given_file(file, "inspect")
    model = parse_model(path.read_bytes(), path)
    return read_contract(model, path), describe_model(model, path.stat().st_size)


def describe_model(model: onnx.ModelProto, size: int) -> Description:
    """Describe a model of `size` bytes."""
    counts = Counter(
        n.op_type if n.domain in ("", "ai.onnx") else f"{n.domain}.{n.op_type}" for n in nodes_of(model.graph)
    )
    constants = (a.t for n in nodes_of(model.graph) if n.op_type == "Constant" for a in n.attribute if a.HasField("t"))
    return Description(
        producer=f"{model.producer_name} {model.producer_version}".strip(),
        ir_version=model.ir_version,
        opsets={o.domain or "ai.onnx": o.version for o in model.opset_import},
        size=size,
        weights=sum(prod(t.dims) for t in (*model.graph.initializer, *constants)),
        inputs=tuple(graph_inputs(model)),
        outputs=tuple(map(found_tensor, model.graph.output)),
        operators=dict(counts.most_common()),
        metadata=tuple(p.key for p in model.metadata_props),
    )


def graph_inputs(model: onnx.ModelProto) -> list[FoundTensor]:
    """Inputs that are to be given: old files list their weights among them."""
    weights = {t.name for t in model.graph.initializer}
    return [found_tensor(value) for value in model.graph.input if value.name not in weights]


def found_tensor(value: onnx.ValueInfoProto) -> FoundTensor:
    """Read an input or output."""
    kind = value.type.tensor_type
    dims: list[int | str | None] = []
    for dim in kind.shape.dim:
        if dim.HasField("dim_value") and dim.dim_value >= 0:
            dims.append(dim.dim_value)
        else:
            dims.append(dim.dim_param if dim.dim_param not in ("", "?") else None)
    return FoundTensor(value.name, _dtype(value.type), tuple(dims))


def _dtype(kind: onnx.TypeProto) -> str:
    if not kind.HasField("tensor_type"):
        return str(kind.WhichOneof("value") or "unknown").removesuffix("_type")
    if kind.tensor_type.elem_type == onnx.TensorProto.STRING:
        return "string"
    try:
        return str(np.dtype(onnx.helper.tensor_dtype_to_np_dtype(kind.tensor_type.elem_type)))
    except (KeyError, TypeError):
        return "unknown"
