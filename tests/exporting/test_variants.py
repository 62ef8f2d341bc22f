"""Variants of one run: each is proved or scored before it is written, and is what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.evaluation.variant_quality import QualityDrop, drop
from lstm_onnx.exporting import export as exporting
from lstm_onnx.exporting import quantization
from lstm_onnx.exporting.quantization import PLANS, chosen_nodes, quantize
from lstm_onnx.graph import float16 as half
from lstm_onnx.inference.moved import moved
from lstm_onnx.inference.session import session_answer
from lstm_onnx.task import PrimaryMetric
from lstm_onnx.training.restore import restore
from lstm_onnx.verification import verify as parity
from lstm_onnx.verification.value_checks import cuts, decode
from tests.conftest import ADDING


@pytest.fixture(scope="module")
def wide_run(tmp_path_factory: pytest.TempPathFactory):
    """Large enough to be worth quantizing, and trained enough to have something to lose."""
    runs = tmp_path_factory.mktemp("wide")
    config = {"hidden": 64, "longest": 12, "count": 2000}
    return lo.train("adding", plugin_file=ADDING, **config, epochs=3, threads=1, runs=runs)


@pytest.fixture(scope="module")
def files(wide_run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, exporting.Exported]:
    out = tmp_path_factory.mktemp("files") / "sum.onnx"
    made = lo.export(wide_run, out, variant=["fp32", "streaming", "int8", "fp16"], max_drop=5)
    return {m.contract.variant: m for m in made}


def kinds(path: Path) -> set[str]:
    return {n.op_type for n in onnx.load(path).graph.node}


def test_each_variant_is_a_file_of_its_own_that_verifies(files, wide_run) -> None:
    assert [f.path.name for f in files.values()] == [
        "sum.onnx",
        "sum-streaming.onnx",
        "sum-int8.onnx",
        "sum-fp16.onnx",
    ]
    for exported in files.values():
        parity.verify(exported.path, wide_run.folder).raise_if_failed()
        assert lo.load(exported.path).require_contract() == exported.contract


def test_int8_computes_in_int8_and_fp16_stores_halves(files) -> None:
    sizes = {name: f.path.stat().st_size for name, f in files.items()}
    assert "DynamicQuantizeLSTM" in kinds(files["int8"].path) and "LSTM" not in kinds(files["int8"].path)
    assert sizes["int8"] < sizes["fp32"] - 3 * 16_384 * 0.9  # 16,384 recurrent weights, a byte instead of four
    weights = {t.name: t.data_type for t in onnx.load(files["fp16"].path).graph.initializer}
    assert weights["lstm.layers.0.0.R.half"] == TensorProto.FLOAT16
    assert all(t.dtype != "float16" for t in files["fp16"].contract.inputs)


def test_variants_say_what_they_lose(files) -> None:
    for name in ("int8", "fp16"):
        scores = files[name].contract.scores
        assert scores is not None and scores.fp32 is not None and scores.drop is not None
        expected = 100 * (scores.model["mse"] - scores.fp32["mse"]) / scores.fp32["mse"]
        assert scores.drop == pytest.approx(expected)
        assert scores.model["mse"] != scores.fp32["mse"]
    assert files["fp32"].contract.scores.fp32 is None


def test_fp16_is_as_near_to_pytorch_with_rounded_weights_as_fp32_to_pytorch(files) -> None:
    assert 0 < files["fp16"].report.largest_relative < 1e-5


def spoil(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quantize to numbers that are far off."""
    honest = quantization.quantize

    def rough(model: onnx.ModelProto, plan: quantization.Plan) -> onnx.ModelProto | None:
        made = honest(model, plan)
        for t in made.graph.initializer if made is not None else ():
            if t.name.endswith("R_scale"):
                t.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(t) * np.float32(3), t.name))
        return made

    monkeypatch.setattr(exporting, "quantize", rough)


def test_a_variant_that_loses_too_much_is_refused_and_nothing_is_written(
    wide_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch)
    with pytest.raises(lo.UserError, match=r"int8 loses \d+\.\d+% of mse on the test data .* --max-drop 1; .* --force"):
        lo.export(wide_run, tmp_path / "a.onnx", variant=["fp32", "int8"])
    assert list(tmp_path.iterdir()) == []


def test_force_writes_the_loss_into_the_contract(wide_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch)
    made = lo.export(wide_run, tmp_path / "a.onnx", variant="int8", force=True)
    assert made.path.exists() and made.contract.scores.drop > 1


def test_finer_plans_are_tried_until_one_holds(wide_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def first_is_bad(self, content: bytes) -> float:
        tried.append(content)
        return 99.0 if len(tried) == 1 else 0.5

    monkeypatch.setattr("lstm_onnx.evaluation.variant_quality.QualityDrop.drop_while_choosing", first_is_bad)
    made = lo.export(wide_run, tmp_path / "a.onnx", variant="int8", max_drop=50)
    assert made.note == PLANS[1].name
    scale = next(t for t in onnx.load(made.path).graph.initializer if t.name.endswith("R_scale"))
    assert list(scale.dims) == [1, 256]  # one for each gate unit


def test_a_graph_with_nothing_to_quantize_is_refused(adding_run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(quantization, "FROZEN", 0.0)
    with pytest.raises(lo.UserError, match="finds nothing to quantize: no LSTM to compute with in int8"):
        lo.export(adding_run, tmp_path / "a.onnx", variant="int8")


def test_data_that_is_gone_is_asked_for(wide_run, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise lo.UserError("data.csv: no such file")

    restored = restore(wide_run)
    monkeypatch.setattr(type(restored.task), "load_data", gone)
    with pytest.raises(lo.UserError, match=r"data\.csv: no such file; the variant is scored on the data of the run"):
        _ = QualityDrop(restored, b"").fp32_scores


@pytest.mark.parametrize(
    ("mode", "before", "after", "percent"),
    [
        ("min", 2.0, 2.1, 5),
        ("min", 2.0, 1.9, -5),
        ("max", 0.8, 0.6, 25),
        ("max", -2.0, -3.0, 50),
        ("min", 0.0, 0.0, 0),
        ("min", 0.0, 0.1, np.inf),
        ("min", 1.0, np.nan, np.inf),
    ],
)
def test_drop(mode, before: float, after: float, percent: float) -> None:
    assert drop(PrimaryMetric("m", mode), before, after) == pytest.approx(percent)


def test_how_far_answers_moved() -> None:
    numbers = {"y": np.array([1.0, -3.0]), "label": np.array(["a", "b"], object)}
    assert moved([(numbers, numbers)]) == 0
    assert moved([(numbers, numbers | {"y": np.array([1.0, -3.1])})]) == pytest.approx(2.5)
    assert moved([(numbers, numbers | {"label": np.array(["a", "c"], object)}), (numbers, numbers)]) == 25
    lost = numbers | {"y": np.array([1.0, np.nan])}
    assert moved([(lost, lost)]) == 0
    assert moved([(numbers, lost)]) == 75
    assert moved([({"y": np.zeros(2)}, {"y": np.ones(2)})]) == np.inf


def test_where_the_primary_metric_has_no_value_something_else_decides(files, wide_run, monkeypatch) -> None:
    restored = restore(wide_run)
    task = type(restored.task)
    figures = iter([{"mse": np.nan, "loss": 2.0}, {"mse": np.nan, "loss": 2.1}] * 2)
    monkeypatch.setattr(task, "finish", lambda self, totals: next(figures))
    fp32, int8 = (files[name].path.read_bytes() for name in ("fp32", "int8"))
    found = QualityDrop(restored, fp32).scores(int8)  # scored first: the variant
    assert (found.drop_of, found.primary) == ("the answers", "mse")
    assert found.drop is not None and 0 < found.drop < 5
    monkeypatch.setattr(task, "primary_metric", PrimaryMetric("mse", fallback="loss"))
    found = QualityDrop(restored, fp32).scores(int8)
    assert (found.drop_of, found.drop) == ("loss", pytest.approx(100 * (2.0 - 2.1) / 2.1))


def model_with(weights: dict[str, np.ndarray], nodes: list[onnx.NodeProto]) -> onnx.ModelProto:
    names = [n.output[0] for n in nodes]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["time", "batch", 64])],
        [helper.make_tensor_value_info(names[-1], TensorProto.FLOAT, None)],
        [numpy_helper.from_array(a, n) for n, a in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_what_is_quantized() -> None:
    """Small products and LSTMs with switched gates stay as they are; deeper plans leave more alone."""
    ones = np.ones
    weights = {
        "l.layers.0.0.W": ones((1, 256, 64), np.float32),
        "l.layers.0.0.R": ones((1, 256, 64), np.float32),
        "l.layers.1.0.W": ones((1, 256, 64), np.float32),
        "l.layers.1.0.R": ones((1, 256, 64), np.float32),
        "s.layers.0.0.W": np.full((1, 256, 64), 1e4, np.float32),
        "big": ones((64, 64), np.float32),
        "small": ones((64, 63), np.float32),
    }
    nodes = [
        helper.make_node("LSTM", ["x", f"{p}.W", f"{r}.R"], [f"y{k}"], hidden_size=64, name=f"lstm{k}")
        for k, (p, r) in enumerate([("l.layers.0.0",) * 2, ("l.layers.1.0",) * 2, ("s.layers.0.0", "l.layers.0.0")])
    ]
    nodes += [helper.make_node("MatMul", ["x", name], [name + "_y"], name=name) for name in ("big", "small")]
    model = model_with(weights, nodes)
    assert chosen_nodes(model, PLANS[0]) == ["lstm0", "lstm1", "big"]
    assert chosen_nodes(model, PLANS[2]) == ["lstm0", "lstm1"]
    assert chosen_nodes(model, PLANS[3]) == ["lstm1"]


def test_weights_use_seven_bits() -> None:
    random = np.random.default_rng(0)
    weights = {"big": random.normal(size=(64, 64)).astype(np.float32)}
    made = quantize(model_with(weights, [helper.make_node("MatMul", ["x", "big"], ["y"], name="big")]), PLANS[0])
    assert made is not None
    stored = next(numpy_helper.to_array(t) for t in made.graph.initializer if t.name == "big_quantized")
    assert stored.dtype == np.int8
    assert 60 <= np.abs(stored.astype(int)).max() <= 64


def looked_up(rows: int, where: str = "graph") -> onnx.ModelProto:
    """A table of `rows` vectors of 16, looked up by ids; with where="shared", also multiplied with."""
    table = np.random.default_rng(0).normal(size=(rows, 16)).astype(np.float32) * np.geomspace(0.1, 10, 16, dtype="f")
    value = helper.make_tensor_value_info
    nodes = [helper.make_node("Gather", ["table", "ids"], ["y"], name="look-up")]
    if where == "shared":
        nodes.append(helper.make_node("MatMul", ["y", "table"], ["z"], name="product"))
    graph = helper.make_graph(
        nodes,
        "g",
        [value("ids", TensorProto.INT64, ["batch", "word"])],
        [value("y", TensorProto.FLOAT, ["batch", "word", 16])],
        [numpy_helper.from_array(table, "table")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


@pytest.mark.parametrize("plan", PLANS[:2], ids=["one scale", "a scale for each column"])
def test_tables_of_vectors_are_stored_in_int8(plan: quantization.Plan) -> None:
    model = looked_up(300)
    made = quantize(model, plan)
    assert made is not None
    onnx.checker.check_model(made, full_check=True)
    assert {n.domain for n in made.graph.node} == {""}
    assert made.ByteSize() < 0.4 * model.ByteSize()
    ids = {"ids": np.array([[0, 299, 7]])}
    wanted, found = (session_answer(m.SerializeToString(), "m")(ids)["y"] for m in (model, made))
    table = np.abs(numpy_helper.to_array(model.graph.initializer[0]))
    step = (table.max(axis=0) if plan.per_channel else table.max()) / 127
    assert 0 < (np.abs(found - wanted) / step).max() < 0.501  # to the nearest of 255 numbers
    assert np.abs(numpy_helper.to_array(made.graph.initializer[0]).astype(int)).max() == 127


def test_small_tables_and_those_that_are_computed_with_stay() -> None:
    assert quantization.chosen_tables(looked_up(63)) == []
    assert quantization.chosen_tables(looked_up(300, "shared")) == []
    with pytest.raises(lo.UserError, match=r"no MatMul of 4,096 .* no table.* of 1,024 .*\(the largest has 1,008\)"):
        quantization.require_quantizable(looked_up(63), "a.onnx")


def test_half_stores_only_what_loses_nothing() -> None:
    exact = np.full((16, 16), 0.5, np.float32)
    weights = {"exact": exact, "fine": exact + np.float32(1e-6), "huge": exact * np.float32(2e5), "few": exact[:1]}
    nodes = [helper.make_node("Add", ["x", name], [name + "_y"]) for name in weights]
    model = model_with(weights, nodes)
    assert half.store_half(model) == 1
    stored = {t.name: t.data_type for t in model.graph.initializer}
    assert stored.pop("exact.half") == TensorProto.FLOAT16
    assert set(stored.values()) == {TensorProto.FLOAT}


def test_opset_and_ir_version(adding_run, tmp_path: Path) -> None:
    made = lo.export(adding_run, tmp_path / "a.onnx", opset=20, ir_version=10)
    model = onnx.load(made.path)
    assert (model.opset_import[0].version, model.ir_version) == (20, 10)
    assert (made.contract.opset, made.contract.ir_version) == (20, 10)
    assert onnx.load(lo.export(adding_run, tmp_path / "b.onnx", opset=21).path).ir_version == 10


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"opset": 17}, "--opset 17: the exporter writes opset 18 or newer"),
        ({"opset": 999}, "--opset 999: onnx .* knows opsets up to"),
        ({"opset": 20, "ir_version": 8}, "--ir-version 8: opset 20 needs IR 9 at least"),
        ({"ir_version": 99}, "--ir-version 99"),
        ({"target": "toaster"}, "toaster"),
    ],
)
def test_wishes_that_cannot_be_met(adding_run, tmp_path: Path, wish: dict, message: str) -> None:
    with pytest.raises(lo.UserError, match=message):
        lo.export(adding_run, tmp_path / "a.onnx", **wish)
    assert list(tmp_path.iterdir()) == []


def test_a_target_refuses_before_writing(wide_run, tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=r"bare-c would not run it: .*DynamicQuantizeLSTM"):
        lo.export(wide_run, tmp_path / "a.onnx", variant="int8", max_drop=50, target="bare-c")
    assert list(tmp_path.iterdir()) == []
    assert lo.export(wide_run, tmp_path / "a.onnx", target="bare-c").path.exists()


def test_command_line(wide_run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "a.onnx")
    arguments = ["export", str(wide_run.folder), "--out", out, "--max-drop", "5"]
    assert run([*arguments, "--variant", "int8", "--variant", "fp16"]) == 0
    shown = capsys.readouterr().out
    assert "a-int8.onnx" in shown and "% of mse on the test data" in shown
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a-fp16.json", "a-fp16.onnx", "a-int8.json", "a-int8.onnx"]
    assert run([*arguments, "--variant", "int4"]) == 2
    assert "there is no such variant; did you mean 'int8'" in capsys.readouterr().err.replace("\n", " ")


def test_golden_examples_of_a_stream_begin_at_the_reset(files) -> None:
    contract = files["streaming"].contract
    first, *_, second = (decode(e)[0] for e in contract.examples)
    assert not first["hidden"].any() and not first["cell"].any()
    assert second["hidden"].any() and second["cell"].any()


@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_cuts_cover_the_sequence(steps: int) -> None:
    for pieces in cuts(steps):
        assert sum(pieces) == steps and min(pieces) > 0
    assert [1] * steps in cuts(steps)


def test_int8_differs_from_fp32_but_not_by_much(files) -> None:
    inputs, wanted = decode(files["fp32"].contract.examples[0])
    got = session_answer(files["int8"].path.read_bytes(), "int8")(inputs)
    assert 0 < np.abs(got["total"] - wanted["total"]).max() < 0.1
