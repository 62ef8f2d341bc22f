"""Each rule finds what it is there for, at its place; and where a runtime is at hand, the rule is true of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.cli import run
from lstm_onnx.doctor import examine, examine_file
from lstm_onnx.targets import TARGETS

TRAFFIC = Path(__file__).parents[1] / "exported" / "traffic.onnx"
KINDS = {"f": TensorProto.FLOAT, "d": TensorProto.DOUBLE, "e": TensorProto.FLOAT16}


def lstm(kind: str = "f", opset: int = 18, ir: int = 8, lengths: bool = False, **attributes: int) -> onnx.ModelProto:
    random = np.random.default_rng(0)
    weights = [
        numpy_helper.from_array(random.normal(size=(1, 16, n)).astype(kind), name) for n, name in ((3, "W"), (4, "R"))
    ]
    inputs = ["x", "W", "R"]
    if lengths:
        inputs += ["", "lengths"]
        weights.append(numpy_helper.from_array(np.array([2, 5], np.int32), "lengths"))
    node = helper.make_node("LSTM", inputs, ["y"], hidden_size=4, name="enc/LSTM", **attributes)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", KINDS[kind], [5, 2, 3])],
        [helper.make_tensor_value_info("y", KINDS[kind], None)],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)


def one_node(op: str, kind: int, domain: str = "", **attributes: object) -> onnx.ModelProto:
    inputs = ["x", "x"] if op == "Mod" else ["x"]
    graph = helper.make_graph(
        [helper.make_node(op, inputs, ["y"], name="the/node", domain=domain, **attributes)],
        "g",
        [helper.make_tensor_value_info("x", kind, [3])],
        [helper.make_tensor_value_info("y", kind, None)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def outside() -> onnx.ModelProto:
    model = lstm()
    tensor = next(t for t in model.graph.initializer if t.name == "R")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    return model


def with_value_info() -> onnx.ModelProto:
    model = lstm()
    model.graph.value_info.append(helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1]))
    return model


def with_free_axis() -> onnx.ModelProto:
    model = lstm()
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "time"
    return model


PLANTED = [
    ("ort", "opset", lambda: lstm(opset=29), "the file", "opset 29"),
    ("web", "opset", lambda: lstm(opset=27), "the file", "opset 27"),
    ("ort", "ir", lambda: lstm(ir=15), "the file", "IR version 15"),
    ("node", "ir", lambda: lstm(ir=14), "the file", "IR version 14"),
    ("ort", "layout", lambda: lstm(layout=1), "node enc/LSTM", "LSTM with layout 1"),
    ("triton", "double", lambda: lstm("d"), "node enc/LSTM", "LSTM in float64"),
    ("openvino", "sequence_lens", lambda: lstm(lengths=True), "node enc/LSTM", "LSTM with sequence_lens"),
    ("openvino", "mod", lambda: one_node("Mod", TensorProto.INT64), "node the/node", "Mod of integers"),
    (
        "openvino",
        "domain",
        lambda: one_node("QuickGelu", TensorProto.FLOAT, "com.microsoft"),
        "node the/node",
        "com.microsoft.QuickGelu",
    ),
    ("bare-c", "strings", lambda: one_node("Identity", TensorProto.STRING), "tensor x", "strings"),
    ("webgpu", "half", lambda: lstm("e"), "weights W", "float16"),
    ("web", "external", outside, "weights R", "weights in another file"),
    ("tract", "value_info", with_value_info, "tensor inner", "value_info of inner tensors"),
    ("bare-c", "axes", with_free_axis, "input x", "free axes time"),
]


@pytest.mark.parametrize(("target", "rule", "make", "where", "found"), PLANTED)
def test_each_rule_finds_its_place(target: str, rule: str, make, where: str, found: str) -> None:
    seen = [f for f in examine(make(), target) if f.rule == rule]
    assert (seen[0].where, seen[0].found) == (where, found)
    assert seen[0].advice and seen[0].why and seen[0].source
    assert rule not in {f.rule for f in examine(lstm(), target)}


def test_every_rule_has_a_test() -> None:
    assert {rule.name for t in TARGETS.values() for rule in t.rules} == {planted[1] for planted in PLANTED}


def refuses(model: onnx.ModelProto) -> bool:
    kind = np.float64 if model.graph.input[0].type.tensor_type.elem_type == TensorProto.DOUBLE else np.float32
    options = ort.SessionOptions()
    options.log_severity_level = 4
    try:
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        session.run(None, {"x": np.zeros((5, 2, 3), kind)})
    except Exception:
        return True
    return False


@pytest.mark.parametrize(
    ("make", "stops"),
    [
        (lambda: lstm(), False),
        (lambda: lstm(opset=22, ir=14), False),
        (lambda: lstm(opset=29), True),
        (lambda: lstm(ir=15), True),
        (lambda: lstm(layout=1), True),
        (lambda: lstm("d"), True),
    ],
)
def test_onnx_runtime_takes_what_the_rules_say(make, stops: bool) -> None:
    assert any(f.severity == "stops" for f in examine(make(), "ort")) == stops == refuses(make())


def by_openvino(model: onnx.ModelProto, **inputs: np.ndarray) -> np.ndarray:
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return np.array(core.compile_model(core.read_model(model.SerializeToString()), "CPU", settings)(inputs)[0])


def by_onnx_runtime(model: onnx.ModelProto, **inputs: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def with_free_lengths() -> onnx.ModelProto:
    """Of fixed sizes OpenVINO would honour the lengths; of free ones it does not."""
    model = lstm(lengths=True)
    del model.graph.initializer[2]
    model.graph.input.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]))
    for dim, name in zip(model.graph.input[0].type.tensor_type.shape.dim, ("time", "batch"), strict=False):
        dim.dim_param = name
    return model


def test_openvino_ignores_sequence_lens_and_agrees_without() -> None:
    x = np.random.default_rng(1).normal(size=(5, 2, 3)).astype(np.float32)
    np.testing.assert_allclose(by_openvino(lstm(), x=x), by_onnx_runtime(lstm(), x=x), atol=1e-5)
    ragged, lengths = with_free_lengths(), np.array([2, 5], np.int32)
    assert examine(ragged, "openvino")[0].rule == "sequence_lens"
    difference = by_openvino(ragged, x=x, lengths=lengths) - by_onnx_runtime(ragged, x=x, lengths=lengths)
    assert np.abs(difference).max() > 1e-2


def test_openvino_takes_remainders_in_float32() -> None:
    graph = helper.make_graph(
        [helper.make_node("Mod", ["x", "day"], ["y"], name="mod")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.INT64, [1])],
        [helper.make_tensor_value_info("y", TensorProto.INT64, None)],
        [numpy_helper.from_array(np.array([86400]), "day")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    now = np.array([1_700_000_001])
    assert by_onnx_runtime(model, x=now) == now % 86400
    assert 0 < abs(int(by_openvino(model, x=now)[0]) - int(now[0]) % 86400) <= 128


@pytest.mark.parametrize("target", ["openvino", "bare-c"])
def test_others_refuse_onnx_runtimes_own_operators(target: str) -> None:
    from lstm_onnx.engines import why_not

    model = one_node("QuickGelu", TensorProto.FLOAT, "com.microsoft")
    assert "com.microsoft.QuickGelu" in (why_not({"bare-c": "c"}.get(target, target), model) or "")


def test_a_clean_file_runs_everywhere_that_takes_its_clock() -> None:
    for target in ("ort", "triton", "node", "web", "webgpu", "tract"):
        assert examine_file(TRAFFIC, target) == ()


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=r"--target opnvino: there is no such target; did you mean 'openvino'"):
        examine(lstm(), "opnvino")
    with pytest.raises(lo.UserError, match="no such file"):
        examine_file(tmp_path / "a.onnx", "ort")
    (tmp_path / "a.onnx").write_text("no model")
    with pytest.raises(lo.UserError, match=r"a\.onnx: is no ONNX file"):
        examine_file(tmp_path / "a.onnx", "ort")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.onnx"
    onnx.save(lstm(layout=1), path)
    assert run(["doctor", str(path)]) == 0
    assert "openvino" in capsys.readouterr().out
    assert run(["doctor", str(path), "--target", "web"]) == 1
    assert "web would not run it: node enc/LSTM: LSTM with layout 1" in capsys.readouterr().err
    assert run(["doctor", str(path), "--target", "openvino", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"openvino": []}
