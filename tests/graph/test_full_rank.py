"""Numbers get the rank of what they meet, and what is computed stays the same bits."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from lstm_onnx.contract import Array
from lstm_onnx.graph.full_rank import give_full_rank


def model(width: int) -> onnx.ModelProto:
    """Multiply x by a number, compare it with the same, and choose by that; then add a number to numbers."""
    nodes = [
        helper.make_node("Mul", ["x", "number"], ["product"]),
        helper.make_node("Greater", ["x", "number"], ["above"]),
        helper.make_node("Where", ["above", "one", "product"], ["y"]),
        helper.make_node("ReduceSum", ["y"], ["total"], keepdims=0),
        helper.make_node("Add", ["total", "number"], ["z"]),
    ]
    shape: list[str | int | None] = ["batch", "time", width]
    values: dict[str, list[str | int | None]] = {"y": shape, "z": []}
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in values.items()],
        [
            numpy_helper.from_array(np.array(0.3, np.float32), "number"),
            numpy_helper.from_array(np.ones(1, np.float32), "one"),
        ],
        value_info=[
            helper.make_tensor_value_info("product", TensorProto.FLOAT, shape),
            helper.make_tensor_value_info("above", TensorProto.BOOL, shape),
            helper.make_tensor_value_info("total", TensorProto.FLOAT, []),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def answers(model: onnx.ModelProto, x: Array) -> list[Array]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [np.asarray(a) for a in session.run(None, {"x": x})]


def test_numbers_beside_a_last_axis_of_one() -> None:
    plain, ranked = model(1), model(1)
    assert give_full_rank(ranked) == 3
    onnx.checker.check_model(ranked)
    shapes = {t.name: tuple(t.dims) for t in ranked.graph.initializer}
    assert [shapes[n] for n in ranked.graph.node[0].input[1:]] == [(1, 1, 1)]
    assert ranked.graph.node[4].input[1] == "number", "beside a number there is nothing to go through"
    x = np.random.default_rng(0).standard_normal((2, 5, 1), dtype=np.float32)
    for before, after in zip(answers(plain, x), answers(ranked, x), strict=True):
        assert before.tobytes() == after.tobytes() and before.shape == after.shape


@pytest.mark.parametrize("spoil", ["width", "shape"])
def test_stays_as_it_is(spoil: str) -> None:
    """Where runs are long already, or nothing tells the shape."""
    other = model(3 if spoil == "width" else 1)
    if spoil == "shape":
        del other.graph.value_info[:]
        other.graph.input[0].type.tensor_type.ClearField("shape")
        other.graph.output[0].type.tensor_type.ClearField("shape")
    before = other.SerializeToString()
    assert give_full_rank(other) == 0 and other.SerializeToString() == before
