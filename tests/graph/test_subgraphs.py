"""Joining graphs: names that do not meet, inputs that both have, and bodies of loops that look outside."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from lstm_onnx.graph.subgraphs import connect, prefix_names
from lstm_onnx.inference.session import session_answer


def value(name: str, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, ["n"])


def looping() -> onnx.GraphProto:
    """y = x + 3 w, in a Loop whose body reads the weight from outside; nodes have no names."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("Add", ["before", "w"], ["after"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            value("before"),
        ],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, []), value("after")],
    )
    nodes = [
        helper.make_node("Loop", ["count", "", "x"], ["sum"], body=body),
        helper.make_node("Identity", ["sum"], ["y"]),
    ]
    weights = [numpy_helper.from_array(np.float32(2), "w"), numpy_helper.from_array(np.int64(3), "count")]
    return helper.make_graph(nodes, "looping", [value("x")], [value("y")], weights)


def scaled() -> onnx.GraphProto:
    """z = w (y + x): it takes an input of the first graph, too, and has a weight of the same name."""
    nodes = [helper.make_node("Add", ["y", "x"], ["sum"]), helper.make_node("Mul", ["sum", "w"], ["z"])]
    weights = [numpy_helper.from_array(np.float32(10), "w")]
    return helper.make_graph(nodes, "scaled", [value("y"), value("x")], [value("z")], weights)


def answer(graph: onnx.GraphProto, x: np.ndarray) -> dict[str, np.ndarray]:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return session_answer(model.SerializeToString(), "joined")({"x": x})


def test_two_graphs_become_one() -> None:
    first, second = looping(), scaled()
    joined = connect(prefix_names(first, "before/"), prefix_names(second, "after/"))
    assert [n.name for n in joined.node] == ["before/Loop", "before/Identity", "after/Add", "after/Mul"]
    assert sorted(t.name for t in joined.initializer) == ["after/w", "before/count", "before/w"]
    assert [v.name for v in joined.input] == ["x"]
    x = np.array([1.0, 2.0], np.float32)
    np.testing.assert_array_equal(answer(joined, x)["z"], 10 * (x + 6 + x))
    assert (first, second) == (looping(), scaled())  # they stay as they are


def test_an_input_may_be_called_otherwise() -> None:
    negated = helper.make_graph([helper.make_node("Neg", ["in"], ["out"])], "n", [value("in")], [value("out")])
    joined = connect(prefix_names(looping(), "l/"), prefix_names(negated, "n/", {"out": "z"}), [("y", "in")])
    assert answer(joined, np.array([1.0], np.float32))["z"].tolist() == [-7]
