"""Eight-bit weights: an fp32 model becomes one whose LSTMs and large products compute in int8.

ONNX Runtime's own quantizer does the rewriting (activations are quantized anew at each run, so no calibration data is
needed). What is decided here is which products are worth it and how finely the weights are scaled: `PLANS`, fastest
first, of which the export takes the first that holds the task's metric. Tables of vectors (embeddings), which are
looked up and not computed with, are stored in int8 by `quantized_tables`; weights of LSTMs and products that have no
int8 kernel, such as those inside a Loop, by `stored_weights`.

Weights use seven of the eight bits (`reduce_range`): with eight, pairs of products overflow 16 bits on x86 CPUs that
have AVX2 without VNNI, and the answers are wrong without a word
(https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html).
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from lstm_onnx.errors import UserError
from lstm_onnx.exporting.stored_weights import store, without_kernel
from lstm_onnx.graph.int8_rounding import FROZEN, largest_weight, multiples
from lstm_onnx.graph.traversal import nodes_of, sort_nodes, with_inner

SMALLEST = 4096
"""Elements that a product's weights must have to be quantized: below, converting its input costs more than it saves."""

SMALLEST_TABLE = 1024
"""Elements that a table of vectors must have: below, its scales and one node more are not worth it."""


_LEFT = "GemmThatStays"
"""What a Gemm is called while ONNX Runtime's quantizer is at work, which else makes each, in Loops too, a MatMul with a
transposed copy of its weights, that it then does not quantize."""


@dataclass(frozen=True)
class Plan:
    """A way to quantize.

    Attributes:
        name: what to call it in reports.
        per_channel: a scale for each gate unit or output column; otherwise one for each matrix, which is faster.
        products: whether MatMul is quantized too, or LSTMs alone.
        first_layer: whether LSTMs that read the graph's own features are; their columns differ most in size.
        tables: whether tables of vectors are stored in int8, and weights that no plan can compute with in int8.
    """

    name: str
    per_channel: bool
    products: bool = True
    first_layer: bool = True
    tables: bool = True


PLANS = (
    Plan("one scale for each matrix", per_channel=False),
    Plan("a scale for each channel", per_channel=True),
    Plan("a scale for each channel, LSTMs only", per_channel=True, products=False),
    Plan(
        "a scale for each channel, LSTMs above the first layer only",
        per_channel=True,
        products=False,
        first_layer=False,
        tables=False,
    ),
)


def quantize(model: onnx.ModelProto, plan: Plan) -> onnx.ModelProto | None:
    """Return `model` with int8 weights by `plan`, or None where the plan finds nothing to quantize in it."""
    names, bare = chosen_nodes(model, plan), onnx.ModelProto()
    bare.CopyFrom(model)
    stored = quantized_tables(bare, plan.per_channel) if plan.tables else 0
    left = without_kernel(model, SMALLEST_TABLE) if plan.tables else {}
    if not names:
        store(bare, left)
        return bare if stored or left else None
    from onnxruntime.quantization import QuantType, quantize_dynamic

    _rename(bare, "Gemm", _LEFT)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "quantized.onnx"
        quantize_dynamic(
            bare,
            path,
            op_types_to_quantize=["LSTM", "MatMul"],
            nodes_to_quantize=names,
            per_channel=plan.per_channel,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
        )
        quantized = onnx.load(path)
    _rename(quantized, _LEFT, "Gemm")
    still_read = {t.name for t in quantized.graph.initializer}  # a quantized node has weights of another name
    store(quantized, {name: axis for name, axis in left.items() if name in still_read})
    sort_nodes(quantized.graph)  # the quantizer does so too, and looks into no Loop
    del quantized.graph.value_info[:]  # optional, and some runtimes refuse files that have it
    quantized.producer_name, quantized.producer_version = model.producer_name, model.producer_version
    return quantized


def _rename(model: onnx.ModelProto, kind: str, other: str) -> None:
    for node in nodes_of(model.graph):
        if node.op_type == kind:
            node.op_type = other


def chosen_nodes(model: onnx.ModelProto, plan: Plan) -> list[str]:
    """Name the nodes that `plan` quantizes."""
    weights = {t.name: t for t in model.graph.initializer}
    lstms = [n for n in model.graph.node if n.op_type == "LSTM"]
    if not plan.first_layer:
        lstms = [n for n in lstms if n.input[1].rsplit(".", 3)[-3] != "0"]
    names = [n.name for n in lstms if n.input[1] in weights and largest_weight(weights[n.input[1]]) < FROZEN]
    if plan.products:
        products = [n for n in model.graph.node if n.op_type == "MatMul" and n.input[1] in weights]
        names += [n.name for n in products if np.prod(weights[n.input[1]].dims) >= SMALLEST]
    return names


def chosen_tables(model: onnx.ModelProto) -> list[str]:
    """Name the tables of vectors (rows, width) that nothing but look-ups by row read."""
    weights = {t.name: t for t in model.graph.initializer}
    readers: dict[str, set[str]] = {}
    for node in nodes_of(model.graph):
        for k, name in enumerate(node.input):
            by_row = node.op_type == "Gather" and k == 0 and not any(a.name == "axis" and a.i for a in node.attribute)
            readers.setdefault(name, set()).add("Gather" if by_row else node.op_type + " otherwise")
    return [
        name
        for name, tensor in weights.items()
        if tensor.data_type == onnx.TensorProto.FLOAT
        and len(tensor.dims) == 2
        and np.prod(tensor.dims) >= SMALLEST_TABLE
        and readers.get(name) == {"Gather"}
        and largest_weight(tensor) < FROZEN
    ]


def quantized_tables(model: onnx.ModelProto, per_channel: bool) -> int:
    """Store tables of vectors in int8, in place: a row is looked up, then made float32 by DequantizeLinear.

    All eight bits are used: these numbers meet in no sum of eight-bit products. Both operators are standard ones.

    Args:
        model: to change.
        per_channel: a scale for each column; otherwise one for the table.

    Returns:
        How many tables there were.
    """
    chosen = set(chosen_tables(model))
    for name in chosen:
        tensor = next(t for t in model.graph.initializer if t.name == name)
        table = numpy_helper.to_array(tensor)
        whole, scales = multiples(table, axis=0 if per_channel else None)
        scale = scales.reshape(table.shape[1:] if per_channel else ())
        tensor.CopyFrom(numpy_helper.from_array(whole.astype(np.int8), name))
        zero = np.zeros(scale.shape, np.int8)
        model.graph.initializer.extend(
            [numpy_helper.from_array(scale, f"{name}_scale"), numpy_helper.from_array(zero, f"{name}_zero_point")]
        )
    for graph in with_inner(model.graph) if chosen else ():
        nodes = [part for node in graph.node for part in _dequantized(node, chosen, per_channel)]
        del graph.node[:]
        graph.node.extend(nodes)
    return len(chosen)


def _dequantized(node: onnx.NodeProto, tables: set[str], per_channel: bool) -> Iterator[onnx.NodeProto]:
    """Yield the node, and what makes its rows float32 again if it looks them up in one of the tables."""
    copy = onnx.NodeProto.FromString(node.SerializeToString())
    yield copy
    if node.op_type == "Gather" and node.input[0] in tables:
        table, rows = node.input[0], node.output[0]
        copy.output[0] = f"{rows}_int8"
        made = onnx.helper.make_node(
            "DequantizeLinear",
            [f"{rows}_int8", f"{table}_scale", f"{table}_zero_point"],
            [rows],
            name=f"{node.name}/DequantizeLinear",
        )
        if per_channel:
            made.attribute.append(onnx.helper.make_attribute("axis", -1))
        yield made


def require_quantizable(model: onnx.ModelProto, where: str) -> None:
    """Refuse a model without anything to quantize.

    Raises:
        UserError: no plan finds an LSTM or a large product in it.
    """
    stored = chosen_tables(model) or without_kernel(model, SMALLEST_TABLE)
    if not any(chosen_nodes(model, plan) for plan in PLANS) and not stored:
        raise UserError(f"{where}: the variant int8 finds nothing to quantize: {_why_nothing(model)}")


def _why_nothing(model: onnx.ModelProto) -> str:
    """Say what stands in the way, and what to do."""
    weights = {t.name: t for t in model.graph.initializer}
    sizes = [int(np.prod(t.dims)) for t in weights.values() if len(t.dims) == 2]
    largest = f"the largest has {max(sizes):,}" if sizes else "there is none"
    return (
        f"no LSTM to compute with in int8, no MatMul of {SMALLEST:,} weights or more, and no table, Gemm or other LSTM "
        f"of {SMALLEST_TABLE:,} to store so ({largest}), below which it costs more than it saves; train a larger "
        f"model, keep fp32, or take fp16"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the advice to run a pre-processing that the exporter has done already."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
