"""Files by others get a contract: what they do not say is found out, and what is written answers as they did."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.exporting.about import About, AboutTensor, Scale

HIDDEN, FEATURES = 4, 3


def lstm_file(
    folder: Path,
    x: tuple[int | str | None, ...] = ("a", "b", FEATURES),
    states: bool = False,
    lengths: tuple[int, ...] | None = None,
    full_lengths: bool = False,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A bare LSTM, time first, as exporters write it: other names for axes, none for those of outputs."""
    random = np.random.default_rng(0)
    weights = {
        name: random.normal(size=(1, 4 * HIDDEN, n)).astype(np.float32) for name, n in (("W", FEATURES), ("R", HIDDEN))
    }
    value = helper.make_tensor_value_info
    inputs, outputs = [value("x", TensorProto.FLOAT, x)], [value("y", TensorProto.FLOAT, [None] * 3)]
    taken, given, nodes = ["x", "W", "R", "", "", "", ""], ["steps", "", ""], []
    if states:
        taken[5:7], given[1:3] = ["h", "c"], ["h_out", "c_out"]
        inputs += [value(n, TensorProto.FLOAT, [1, x[1], HIDDEN]) for n in ("h", "c")]
        outputs += [value(n, TensorProto.FLOAT, [None] * 3) for n in ("h_out", "c_out")]
    initializers = [numpy_helper.from_array(a, n) for n, a in weights.items()]
    if lengths is not None:
        taken[4] = "lengths"
        initializers.append(numpy_helper.from_array(np.array(lengths, np.int32), "lengths"))
    if full_lengths:  # as some exporters spell out what is the default
        taken[4] = "lengths"
        nodes += [
            helper.make_node("Shape", ["x"], ["time"], start=0, end=1),
            helper.make_node("Shape", ["x"], ["batch"], start=1, end=2),
            helper.make_node("Expand", ["time", "batch"], ["full"]),
            helper.make_node("Cast", ["full"], ["lengths"], to=TensorProto.INT32),
        ]
    nodes.append(helper.make_node("LSTM", taken, given, hidden_size=HIDDEN, name="lstm"))
    initializers.append(numpy_helper.from_array(np.array([1]), "direction"))
    nodes.append(helper.make_node("Squeeze", ["steps", "direction"], ["y"]))
    graph = helper.make_graph(nodes, "g", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, producer_name="someone")
    helper.set_model_props(model, metadata or {})
    path = folder / "theirs.onnx"
    onnx.save(model, path)
    return path


def answer(path: Path, **inputs: np.ndarray) -> np.ndarray:
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, inputs)[0]


def test_axes_are_found_by_asking(tmp_path: Path) -> None:
    theirs = lstm_file(tmp_path)
    adopted = lo.adopt(theirs, tmp_path / "ours.onnx")
    contract = adopted.contract
    assert {t.name: t.dims for t in (*contract.inputs, *contract.outputs)} == {
        "x": ("a", "batch", "x_2"),
        "y": ("a", "batch", "y_2"),
    }
    assert {n: a.size for n, a in contract.axes.items()} == {"a": None, "batch": None, "x_2": 3, "y_2": 4}
    assert adopted.notes == ("along axis 'b' examples do not know of each other: it is called batch",)
    assert (contract.task, contract.provenance.plugin) == ("adopted", "someone")
    assert json.loads((tmp_path / "ours.json").read_text())["name"] == "ours"


def test_what_is_written_verifies_answers_and_is_embedded(tmp_path: Path) -> None:
    theirs = lstm_file(tmp_path)
    ours = lo.adopt(theirs, tmp_path / "ours.onnx")
    report = lo.verify(ours, engines=["reference"])
    report.raise_if_failed()
    assert any(c.name.startswith("batches") and not c.detail.startswith("not") for c in report.checks)
    x = np.random.default_rng(1).normal(size=(6, 3, FEATURES)).astype(np.float32)
    np.testing.assert_array_equal(lo.load(ours).predict({"x": x}).outputs["y"], answer(theirs, x=x))
    with pytest.raises(lo.UserError, match="axis 'batch' has length 0, and must have 1 at least"):
        lo.load(ours).run({"x": x[:, :0]})
    assert "self-test" in lo.embed(ours, "c", tmp_path / "program").commands


def test_axes_without_names_and_axes_of_one_size(tmp_path: Path) -> None:
    assert lo.adopt(lstm_file(tmp_path, (None, None, FEATURES)), tmp_path / "a.onnx").contract.inputs[0].dims == (
        "first",
        "batch",
        "x_2",
    )
    fixed = lo.adopt(lstm_file(tmp_path, (5, 1, FEATURES)), tmp_path / "b.onnx").contract
    assert [a.size for a in fixed.axes.values()] == [5, 1, 3, 5, 1, 4]


def test_scaling_goes_into_the_graph(tmp_path: Path) -> None:
    theirs = lstm_file(tmp_path)
    mean, spread = (100.0, 5.0, -3.0), (20.0, 2.0, 0.5)
    about = About(
        inputs={"x": AboutTensor(unit="MW", labels=("load", "wind", "sun"), scale=Scale(mean=mean, spread=spread))},
        outputs={"y": AboutTensor(unit="MW", scale=Scale(mean=100.0, spread=20.0))},
    )
    ours = lo.adopt(theirs, tmp_path / "ours.onnx", about)
    x = np.random.default_rng(1).normal(size=(6, 3, FEATURES)).astype(np.float32)
    wanted = answer(theirs, x=x) * 20 + 100
    raw = x * np.float32(spread) + np.float32(mean)
    np.testing.assert_allclose(lo.load(ours).run({"x": raw})["y"], wanted, rtol=1e-5)
    assert ours.contract.axes["x_2"].labels == ("load", "wind", "sun")
    assert ours.contract.inputs[0].unit == "MW"


TOML = """
stream = "time"
states = {h_out = "h", c_out = "c"}
[inputs.x]
meaning = "what a sensor says"
dims = ["time", "batch", "channel"]
[axes.time]
example_size = 24
"""


def test_a_file_with_states_becomes_a_stream(tmp_path: Path) -> None:
    theirs = lstm_file(tmp_path, states=True)
    (tmp_path / "about.toml").write_text(TOML)
    ours = lo.adopt(theirs, tmp_path / "live.onnx", tmp_path / "about.toml")
    assert any(c.name.startswith("pieces") for c in ours.report.checks)
    assert ours.contract.variant == "streaming"
    x = np.random.default_rng(1).normal(size=(6, 1, FEATURES)).astype(np.float32)
    zeros = np.zeros((1, 1, HIDDEN), np.float32)
    stream = lo.load(ours).stream()
    pieces = [stream.push({"x": x[a:b]})["y"] for a, b in ((0, 1), (1, 4), (4, 6))]
    np.testing.assert_allclose(np.concatenate(pieces), answer(theirs, x=x, h=zeros, c=zeros), rtol=1e-5, atol=1e-6)


def test_lengths_that_are_always_full_are_left_out_and_others_refused(tmp_path: Path) -> None:
    ours = lo.adopt(lstm_file(tmp_path, full_lengths=True), tmp_path / "a.onnx")
    assert "1 LSTM had sequence_lens that were always full: left out" in ours.notes
    assert not any(len(n.input) > 4 and n.input[4] for n in onnx.load(ours.path).graph.node if n.op_type == "LSTM")
    with pytest.raises(lo.CheckFailed, match="node lstm has sequence_lens, which OpenVINO"):
        lo.adopt(lstm_file(tmp_path, (5, 2, FEATURES), lengths=(2, 5)), tmp_path / "b.onnx")
    assert not (tmp_path / "b.onnx").exists()


def darts_file(folder: Path) -> Path:
    """What Darts writes of a model with quantiles: (batch, step, component, parameter), and a spec in the metadata."""
    spec = {
        "input_chunk_length": 6,
        "output_chunk_length": 2,
        "feature_input_names": ["past_target"],
        "likelihood_parameter_names": ["q0.10", "q0.90"],
        "state_input_names": [],
    }
    value = helper.make_tensor_value_info
    weights = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["past_target"], ["flat"]),
        helper.make_node("MatMul", ["flat", "W"], ["four"]),
        helper.make_node("Reshape", ["four", "shape"], ["prediction"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [value("past_target", TensorProto.FLOAT, ["batch", 6, 1])],
        [value("prediction", TensorProto.FLOAT, ["batch", 2, 1, 2])],
        [numpy_helper.from_array(weights, "W"), numpy_helper.from_array(np.array([-1, 2, 1, 2]), "shape")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(model, {"darts.onnx_spec": json.dumps(spec)})
    onnx.save(model, folder / "darts.onnx")
    return folder / "darts.onnx"


def test_a_darts_spec_says_what_is_what(tmp_path: Path) -> None:
    ours = lo.adopt(darts_file(tmp_path), tmp_path / "ours.onnx")
    contract = ours.contract
    assert contract.inputs[0].dims == ("batch", "history", "target")
    assert contract.outputs[0].dims == ("batch", "horizon", "target", "parameter")
    assert contract.axes["parameter"].labels == ("q0.10", "q0.90")
    assert "newest values" in contract.inputs[0].meaning
    assert "names and meanings are those of the Darts spec in the file" in ours.notes


def test_an_example_of_ones_own_becomes_the_first(tmp_path: Path) -> None:
    x = np.full((4, 2, FEATURES), 0.25, np.float32)
    np.savez(tmp_path / "mine.npz", x=x)
    ours = lo.adopt(lstm_file(tmp_path), tmp_path / "ours.onnx", example=tmp_path / "mine.npz")
    np.testing.assert_array_equal(ours.contract.examples[0].inputs["x"].array(), x)


@pytest.mark.parametrize(
    ("about", "message"),
    [
        (About(inputs={"z": AboutTensor()}), "has no input 'z', of which was told; .*x"),
        (About(inputs={"x": AboutTensor(dims=("time", "batch"))}), "'x' has 3 axes, and was told 2"),
        (About(inputs={"x": AboutTensor(labels=("a", "b"))}), "told 2 labels, and its last axis has 3 places"),
        (About(inputs={"x": AboutTensor(scale=Scale(mean=(1.0, 2.0)))}), "told 2 numbers to scale by .*, not 3"),
        (About(inputs={"x": AboutTensor(scale=Scale(spread=0.0))}), "a spread must be positive"),
        (About(states={"y": "h"}), "has no 'h', which was told to be a state"),
        (About(states={"y": "x"}), "has states: say along which axis"),
        (About(stream="week"), "has no free axis 'week'"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path, about: About, message: str) -> None:
    with pytest.raises(lo.UserError, match=message):
        lo.adopt(lstm_file(tmp_path), tmp_path / "ours.onnx", about)
    assert not (tmp_path / "ours.onnx").exists()


def test_what_cannot_be_adopted(tmp_path: Path) -> None:
    theirs = lstm_file(tmp_path)
    with pytest.raises(lo.UserError, match="would take the place of the file that is adopted"):
        lo.adopt(theirs, theirs)
    lo.adopt(theirs, tmp_path / "ours.onnx")
    with pytest.raises(lo.UserError, match="has a contract already"):
        lo.adopt(tmp_path / "ours.onnx", tmp_path / "again.onnx")
    (tmp_path / "about.toml").write_text("[inputs.x]\ncolour = 'red'\n")
    with pytest.raises(lo.UserError, match=r"about\.toml: inputs\.x\.colour: .* it may say description"):
        lo.adopt(theirs, tmp_path / "b.onnx", tmp_path / "about.toml")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, ours = lstm_file(tmp_path), tmp_path / "ours.onnx"
    assert run(["inspect", str(theirs)]) == 0
    shown = capsys.readouterr().out
    assert "LSTM 1" in shown and "(a, b, 3)" in shown and "lstm-onnx adopt" in shown
    assert run(["verify", str(theirs)]) == 0
    assert "reads it alike" in capsys.readouterr().out.replace("\n", " ")
    assert run(["adopt", str(theirs), "--out", str(ours), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert run(["verify", str(ours)]) == 0
    assert run(["inspect", str(theirs), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["operators"] == {"LSTM": 1, "Squeeze": 1}
