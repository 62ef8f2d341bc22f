"""Weights that have no int8 kernel, those of a Loop and of LSTMs with switches, are stored in int8 all the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from lstm_onnx.exporting.quantization import PLANS, SMALLEST_TABLE, quantize
from lstm_onnx.exporting.stored_weights import store, without_kernel
from lstm_onnx.graph.traversal import nodes_of
from lstm_onnx.inference.session import session_answer

WEATHER = Path(__file__).parents[2] / "exported" / "weather.onnx"


@pytest.fixture(scope="module")
def whole() -> onnx.ModelProto:
    """A language model: an LSTM reads the prompt, with a column of switches, and again in a Loop, without it."""
    return onnx.load(WEATHER)


@pytest.fixture(scope="module")
def small(whole: onnx.ModelProto) -> onnx.ModelProto:
    made = quantize(whole, PLANS[0])
    assert made is not None
    return made


def test_a_weight_is_there_once_in_a_quarter_of_the_room(whole: onnx.ModelProto, small: onnx.ModelProto) -> None:
    onnx.checker.check_model(small, full_check=True)
    lstms = [n for n in nodes_of(whole.graph) if n.op_type == "LSTM"]
    assert len({n.input[1] for n in lstms}) == 2, "with switches and without"
    bytes_of = {t.name: t.dims for t in small.graph.initializer if t.data_type == onnx.TensorProto.INT8}
    assert {name for name in bytes_of if name.endswith((".W.int8", ".R.int8"))} == {
        f"model.network.lstm.layers.0.0.{which}.int8" for which in "WR"
    }
    floats = {t.name for t in small.graph.initializer if t.data_type == onnx.TensorProto.FLOAT}
    assert not floats & {name for n in lstms for name in n.input[1:3]}
    large = [t for t in small.graph.initializer if np.prod(t.dims) >= SMALLEST_TABLE]
    contents = Counter(np.sort(numpy_helper.to_array(t), axis=None).tobytes() for t in large)
    assert max(contents.values()) == 1, "a weight is in the file twice, perhaps transposed"
    assert {n.op_type for n in nodes_of(small.graph)} - {n.op_type for n in nodes_of(whole.graph)} <= {
        "Mul",
        "Transpose",
    }


def test_every_weight_is_within_half_a_step(whole: onnx.ModelProto) -> None:
    chosen = without_kernel(whole, SMALLEST_TABLE)
    assert len(chosen) == 5  # of the LSTM, with switches and without, and of the head, as it is and transposed
    before = {t.name: numpy_helper.to_array(t) for t in whole.graph.initializer}
    kept = onnx.ModelProto()
    kept.CopyFrom(whole)
    store(kept, chosen)
    first = kept.graph.node[: len(kept.graph.node) - len(whole.graph.node)]
    read = {name for n in first for name in n.input}
    graph = helper.make_graph(
        first,
        "weights",
        [],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in chosen],
        [t for t in kept.graph.initializer if t.name in read],
    )
    after = ReferenceEvaluator(helper.make_model(graph, opset_imports=whole.opset_import)).run(None, {})
    for name, made in zip(chosen, after, strict=True):
        switches = np.abs(before[name]) >= 1e3
        assert switches.any() == name.endswith("padded")
        np.testing.assert_array_equal(made[switches], before[name][switches])
        learned = np.where(switches, 0, before[name])
        step = np.abs(learned).max(axis=chosen[name], keepdims=True) / 127
        assert (np.abs(made - before[name])[~switches] <= (step * 0.5001 + 0 * learned)[~switches]).all()


def test_texts_are_as_likely_and_nothing_depends_on_the_batch(whole: onnx.ModelProto, small: onnx.ModelProto) -> None:
    texts = [b"Monday: snow in the hills at noon, -3 degrees.", b"Tuesday: ", b""]
    prompt = np.zeros((3, max(map(len, texts))), np.uint8)
    for row, text in zip(prompt, texts, strict=True):
        row[: len(text)] = np.frombuffer(text, np.uint8)
    asked = {
        "prompt": prompt,
        "byte_count": np.array([len(t) for t in texts]),
        "temperature": np.ones(3, np.float32),
        "top_k": np.zeros(3, np.int64),
        "top_p": np.ones(3, np.float32),
        "seed": np.arange(3),
        "longest": np.full(3, 30),
        "stop": np.full(3, -1),
    }
    answers = {what: session_answer(m.SerializeToString(), what) for what, m in (("fp32", whole), ("int8", small))}
    fp32, int8 = answers["fp32"](asked), answers["int8"](asked)
    moved = np.abs(int8["log_probability"] - fp32["log_probability"])
    assert 0 < moved.max() < 0.5
    alone = [answers["int8"]({name: values[k : k + 1] for name, values in asked.items()}) for k in range(3)]
    assert [a["text"][0] for a in alone] == list(int8["text"])


def test_a_weight_that_something_else_reads_or_with_switches_inside_stays(whole: onnx.ModelProto) -> None:
    read, strange = onnx.ModelProto(), onnx.ModelProto()
    recurrent = next(n for n in without_kernel(whole, SMALLEST_TABLE) if n.endswith(".R"))
    read.CopyFrom(whole)
    read.graph.node.append(helper.make_node("Neg", [recurrent], ["less"], name="less"))
    assert recurrent not in without_kernel(read, SMALLEST_TABLE)
    strange.CopyFrom(whole)
    tensor = next(t for t in strange.graph.initializer if t.name == recurrent)
    values = numpy_helper.to_array(tensor).copy()
    values[0, 0, 0] = 1e4
    tensor.CopyFrom(numpy_helper.from_array(values, recurrent))
    assert recurrent not in without_kernel(strange, SMALLEST_TABLE)
    assert without_kernel(whole, 10**6) == {}


def test_a_product_that_the_quantizer_would_copy_is_left_to_storing() -> None:
    """ONNX Runtime's quantizer makes each Gemm a MatMul with transposed weights beside its own, and leaves it so."""
    made = quantize(onnx.load(WEATHER.with_name("dates.onnx")), PLANS[0])
    assert made is not None
    kinds = {n.name: n.op_type for n in nodes_of(made.graph)}
    assert kinds["model.network.begin/Gemm"] == "Gemm"
    assert "DynamicQuantizeLSTM" in kinds.values()
    kept = {t.name: t.data_type for t in made.graph.initializer}
    assert kept["model.network.begin.weight.int8"] == onnx.TensorProto.INT8
    assert not [name for name in kept if name.endswith("_Transposed")]
