"""The smallest part of a graph on which two engines differ is cut out, and still differs by itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.verification.divergence import values_by_onnx_runtime, values_by_reference
from lstm_onnx.verification.reduction import reduced, write_reduced

EXPORTED = Path(__file__).parents[2] / "exported"


def with_loop() -> onnx.ModelProto:
    """Scale, collect in a Loop, negate: the reference evaluator joins what a Loop collects, instead of stacking it."""
    value, flat = helper.make_tensor_value_info, TensorProto.FLOAT
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["scaled", "one"], ["item"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, [])],
        [value("on", TensorProto.BOOL, []), value("item", flat, [1, 2])],
    )
    held = [
        numpy_helper.from_array(np.array([2.0], np.float32), "two"),
        numpy_helper.from_array(np.array([1.0], np.float32), "one"),
        numpy_helper.from_array(np.array(3), "times"),
        numpy_helper.from_array(np.array(True), "yes"),
    ]
    nodes = [
        helper.make_node("Mul", ["x", "two"], ["scaled"], "scaling"),
        helper.make_node("Loop", ["times", "yes"], ["items"], "collecting", body=body),
        helper.make_node("Neg", ["items"], ["y"], "head"),
    ]
    graph = helper.make_graph(nodes, "g", [value("x", flat, [1, 2])], [value("y", flat, [3, 1, 2])], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_the_node_that_differs_is_left_alone_with_what_goes_into_it() -> None:
    found = reduced(with_loop(), {"x": np.ones((1, 2), np.float32)})
    assert found is not None
    part, divergence = found
    assert [n.name for n in part.graph.node] == ["collecting"]
    assert not part.graph.input
    assert "node collecting (Loop, output items): has the shape (3, 1, 2) instead of" in str(divergence)
    onnx.checker.check_model(part, full_check=True)
    ours, theirs = values_by_onnx_runtime(part, {}), values_by_reference(part, {})
    assert not isinstance(ours, str) and not isinstance(theirs, str)
    assert ours["items"].shape != theirs["items"].shape


def test_engines_that_agree_leave_nothing_to_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for suffix in (".onnx", ".json"):
        shutil.copy(EXPORTED / f"vowels{suffix}", tmp_path / f"vowels{suffix}")
    with pytest.raises(lo.UserError, match="agree at every node"):
        write_reduced((tmp_path / "vowels.onnx").read_bytes(), tmp_path / "small.onnx", "vowels.onnx")
    assert run(["verify", str(tmp_path / "vowels.onnx"), "--reduce", str(tmp_path / "small.onnx")]) == 2
    assert not (tmp_path / "small.onnx").exists()
    capsys.readouterr()
