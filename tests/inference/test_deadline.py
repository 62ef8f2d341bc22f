"""A graph that never ends is stopped, whoever runs it."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.inference.deadline import TimeIsUp, deadline, left
from lstm_onnx.inference.session import open_session, run_session
from lstm_onnx.verification.engines import open_engine


def endless() -> bytes:
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Add", ["s", "s"], ["s_out"]),
        ],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("s", TensorProto.FLOAT, [1])],
        [value("go_on", TensorProto.BOOL, []), value("s_out", TensorProto.FLOAT, [1])],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["", "yes", "x"], ["y"], body=body)],
        "g",
        [value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
        [numpy_helper.from_array(np.array(True), "yes")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()


INPUTS = {"x": np.ones(1, np.float32)}


def test_onnx_runtime_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "endless.onnx").write_bytes(endless())
    model, began = lo.load(tmp_path / "endless.onnx"), time.monotonic()
    with pytest.raises(TimeIsUp, match=r"longer than the 0\.3 s that --timeout gives it"), deadline(0.3):
        model.run(INPUTS)
    assert time.monotonic() - began < 5


def test_the_reference_evaluator_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(TimeIsUp), deadline(0.3):
        open_engine("reference", endless()).run(INPUTS)
    assert time.monotonic() - began < 5


def test_without_a_limit_there_is_none_and_what_is_over_stays_over() -> None:
    assert left() is None
    with deadline(60):
        assert 59 < (left() or 0) <= 60
    with deadline(None):
        assert left() is None
    with pytest.raises(TimeIsUp), deadline(0.001):
        time.sleep(0.1)
        left()


def test_what_onnx_runtime_says_of_a_run_is_one_line() -> None:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Reshape", ["x", "shape"], ["y"])],
        "g",
        [value("x", TensorProto.FLOAT, ["n"]), value("shape", TensorProto.INT64, [1])],
        [value("y", TensorProto.FLOAT, ["m"])],
    )
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()
    assert onnx.load_model_from_string(content).graph.node
    with pytest.raises(lo.UserError, match=r"^x\.onnx: ONNX Runtime does not run it: .*Reshape") as caught:
        run_session(open_session(content, "x.onnx"), {"x": np.ones(3, np.float32), "shape": np.array([2])}, "x.onnx")
    assert "\n" not in str(caught.value)
