"""Nodes stand behind those whose values they take, also where only a graph inside them does."""

from __future__ import annotations

import onnx
from onnx import TensorProto, helper

from lstm_onnx.graph.traversal import sort_nodes


def test_what_a_graph_inside_reads_comes_first() -> None:
    inside = helper.make_graph(
        [helper.make_node("Identity", ["late"], ["inner"], name="copy")],
        "inside",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1])],
    )
    nodes = [
        helper.make_node("If", ["go"], ["answer"], then_branch=inside, else_branch=inside, name="if"),
        helper.make_node("Relu", ["early"], ["late"], name="late"),
        helper.make_node("Relu", ["x"], ["early"], name="early"),
        helper.make_node("Relu", ["x"], ["other"], name="other"),
    ]
    graph = helper.make_graph(
        nodes,
        "shuffled",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [1]),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("answer", "other")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    sort_nodes(model.graph)
    assert [node.name for node in model.graph.node] == ["early", "late", "if", "other"]
    onnx.checker.check_model(model)
    sort_nodes(model.graph)
    assert [node.name for node in model.graph.node] == ["early", "late", "if", "other"]
