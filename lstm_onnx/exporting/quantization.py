"""Eight-bit weights: an fp32 model becomes one whose LSTMs and large products compute in int8.

ONNX Runtime's own quantizer does the rewriting (activations are quantized anew at each run, so no calibration data is
needed). What is decided here is which products are worth it and how finely the weights are scaled: `PLANS`, fastest
first, of which the export takes the first that holds the task's metric.

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
from lstm_onnx.graph.traversal import inner_nodes

SMALLEST = 4096
"""Elements that a product's weights must have to be quantized: below, converting its input costs more than it saves."""

FROZEN = 1e3
"""Weights beyond this are switches, not learned (`layers` shuts gates on padding with 1e4); they would take up the
whole scale of their gate, so such an LSTM stays as it is."""


@dataclass(frozen=True)
class Plan:
    """A way to quantize.

    Attributes:
        name: what to call it in reports.
        per_channel: a scale for each gate unit or output column; otherwise one for each matrix, which is faster.
        products: whether MatMul and Gemm are quantized too, or LSTMs alone.
        first_layer: whether LSTMs that read the graph's own features are; their columns differ most in size.
    """

    name: str
    per_channel: bool
    products: bool = True
    first_layer: bool = True


PLANS = (
    Plan("one scale for each matrix", per_channel=False),
    Plan("a scale for each channel", per_channel=True),
    Plan("a scale for each channel, LSTMs only", per_channel=True, products=False),
    Plan(
        "a scale for each channel, LSTMs above the first layer only",
        per_channel=True,
        products=False,
        first_layer=False,
    ),
)


def quantize(model: onnx.ModelProto, plan: Plan) -> onnx.ModelProto | None:
    """Return `model` with int8 weights by `plan`, or None where the plan finds nothing to quantize in it."""
    names = chosen_nodes(model, plan)
    if not names:
        return None
    from onnxruntime.quantization import QuantType, quantize_dynamic

    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        path = Path(folder) / "quantized.onnx"
        quantize_dynamic(
            bare,
            path,
            op_types_to_quantize=["LSTM", "MatMul", "Gemm"],
            nodes_to_quantize=names,
            per_channel=plan.per_channel,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            extra_options={"MatMulConstBOnly": True},
        )
        quantized = onnx.load(path)
    del quantized.graph.value_info[:]  # optional, and some runtimes refuse files that have it
    quantized.producer_name, quantized.producer_version = model.producer_name, model.producer_version
    return quantized


def chosen_nodes(model: onnx.ModelProto, plan: Plan) -> list[str]:
    """Name the nodes that `plan` quantizes."""
    weights = {t.name: t for t in model.graph.initializer}
    lstms = [n for n in model.graph.node if n.op_type == "LSTM"]
    if not plan.first_layer:
        lstms = [n for n in lstms if n.input[1].rsplit(".", 3)[-3] != "0"]
    names = [n.name for n in lstms if n.input[1] in weights and _largest(weights[n.input[1]]) < FROZEN]
    if plan.products:
        products = [n for n in model.graph.node if n.op_type in ("MatMul", "Gemm") and n.input[1] in weights]
        names += [n.name for n in products if np.prod(weights[n.input[1]].dims) >= SMALLEST]
    return names


def require_quantizable(model: onnx.ModelProto, where: str) -> None:
    """Refuse a model without anything to quantize.

    Raises:
        UserError: its LSTMs run in a Loop, or no plan finds an LSTM or a large product in it.
    """
    inside = [n.name for body in model.graph.node for n in inner_nodes(body) if n.op_type == "LSTM"]
    if inside and not any(n.op_type == "LSTM" for n in model.graph.node):
        raise UserError(
            f"{where}: the variant int8 leaves alone what is inside a Loop, such as {inside[0]}: a step at a time, it "
            f"would gain a tenth to a fifth; keep fp32, or take fp16"
        )
    if not any(chosen_nodes(model, plan) for plan in PLANS):
        raise UserError(
            f"{where}: the variant int8 finds nothing to quantize: no LSTM without switched gates, and no product of "
            f"{SMALLEST:,} weights or more; keep fp32, or take fp16"
        )


def _largest(tensor: onnx.TensorProto) -> float:
    return float(np.abs(numpy_helper.to_array(tensor)).max(initial=0.0))


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
