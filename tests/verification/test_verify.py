"""`verify` finds what is wrong with a file, and says where: each fault is planted, and its failure has its own type."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx import plugin
from lstm_onnx.contract import METADATA_KEY, Example
from lstm_onnx.graph.sample_inputs import sample_inputs
from lstm_onnx.inference.session import session_answer
from lstm_onnx.training.examples import load_examples
from lstm_onnx.training.restore import restore
from lstm_onnx.verification import onnx_checker, structure_checks
from lstm_onnx.verification import verify as parity
from lstm_onnx.verification.comparison import compare
from lstm_onnx.verification.distance import distance
from lstm_onnx.verification.report import Report
from lstm_onnx.verification.value_checks import check_extremes, decode, grid, pairwise, ragged
from lstm_onnx.verification.verify import verify


@pytest.fixture
def copy(adding_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / adding_file.name
    path.write_bytes(adding_file.read_bytes())
    path.with_suffix(".json").write_bytes(adding_file.with_suffix(".json").read_bytes())
    return path


def change(path: Path, edit: Callable[[onnx.ModelProto], None]) -> Path:
    model = onnx.load(path)
    edit(model)
    onnx.save(model, path)
    return path


def fail(path: Path, kind: type[parity.ParityError], match: str, run: Path | None = None) -> None:
    report = verify(path, run)
    assert not report.passed
    with pytest.raises(kind, match=match) as caught:
        report.raise_if_failed()
    assert type(caught.value) is kind
    assert str(path) in str(caught.value)


def weights(model: onnx.ModelProto, ending: str) -> onnx.TensorProto:
    return next(t for t in model.graph.initializer if t.name.endswith(ending))


def set_weights(tensor: onnx.TensorProto, array: np.ndarray) -> None:
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))


def edit_contract(model: onnx.ModelProto, **changes: object) -> None:
    entry = next(p for p in model.metadata_props if p.key == METADATA_KEY)
    entry.value = json.dumps(json.loads(entry.value) | changes)


def test_untouched_file_passes_alone_and_with_its_run(copy: Path, adding_run) -> None:
    alone, beside = verify(copy), verify(copy, adding_run.folder)
    assert alone.passed and beside.passed
    assert len(beside.checks) > len(alone.checks)
    assert 0 < beside.largest_relative < 1e-5


def test_a_file_on_which_the_checker_crashes_does_not_end_the_command(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ONNX 1.23 infers the shape of a LabelEncoder from one that it does not know, and falls over."""

    def odd(model: onnx.ModelProto) -> None:
        made = helper.make_node("Strange", [model.graph.input[0].name], ["odd"], domain="com.acme")
        told = {"keys_int64s": [0], "values_strings": ["a"], "domain": "ai.onnx.ml"}
        model.graph.node.extend([made, helper.make_node("LabelEncoder", ["odd"], ["label"], **told)])
        model.opset_import.extend([helper.make_opsetid("com.acme", 1), helper.make_opsetid("ai.onnx.ml", 3)])

    said = structure_checks.check_file(change(copy, odd).read_bytes())
    assert "which says nothing of the file" in said or said.endswith("ONNX checker clean")  # where onnx has mended it
    fail(copy, parity.OperatorError, "is com.acme.Strange")
    monkeypatch.setattr(onnx_checker, "_CODE", "import os; os.abort()")
    assert "the ONNX checker crashed (signal 6)" in structure_checks.check_file(copy.read_bytes())
    monkeypatch.setattr(onnx_checker, "_CODE", "import time; time.sleep(60)")
    monkeypatch.setattr(onnx_checker, "TIME_LIMIT", 0.1)
    assert "did not end within 0.1 s" in structure_checks.check_file(copy.read_bytes())


def test_truncated_file(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:-300])
    fail(copy, parity.FileError, "is no ONNX file, or a damaged one")


def test_swapped_gates(copy: Path) -> None:
    def swap(model: onnx.ModelProto) -> None:
        tensor = weights(model, ".W")
        i, o, f, c = np.split(numpy_helper.to_array(tensor), 4, axis=1)
        set_weights(tensor, np.concatenate([i, f, o, c], axis=1))

    fail(
        change(copy, swap),
        parity.ValueMismatch,
        r"golden example 1: total.*instead of.*lstm.layers.0.0.W changed",
    )


def test_one_flipped_bit_in_a_weight(copy: Path) -> None:
    def flip(model: onnx.ModelProto) -> None:
        tensor = weights(model, ".R")
        bits = numpy_helper.to_array(tensor).copy().view(np.uint32)
        bits.flat[0] ^= 1 << 23  # the lowest bit of the exponent
        set_weights(tensor, bits.view(np.float32))

    fail(change(copy, flip), parity.ValueMismatch, r"changed since the export: weights lstm.layers.0.0.R")


def test_frozen_batch(copy: Path) -> None:
    def freeze(model: onnx.ModelProto) -> None:
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 3

    fail(change(copy, freeze), parity.AxisMismatch, r"input pairs has the axes \(3, time, 2\).*\(batch, time, 2\)")


def test_batch_frozen_inside_of_the_graph(copy: Path) -> None:
    def freeze(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(numpy_helper.from_array(np.zeros((1, 1, 6), np.float32), "frozen"))
        next(n for n in model.graph.node if n.op_type == "LSTM").input.extend(["", "frozen"])

    report = verify(change(copy, freeze))
    with pytest.raises(parity.ParityError, match=r"does not run on pairs \(\d, \d, 2\)"):
        report.raise_if_failed()


def test_missing_gather_at_the_length(copy: Path, adding_run) -> None:
    def forget(model: onnx.ModelProto) -> None:
        gather = next(n for n in model.graph.node if n.op_type == "GatherElements")
        lstm = next(n for n in model.graph.node if n.op_type == "LSTM")
        state = "last_hidden"
        lstm.output[:] = [lstm.output[0], state]
        for n in model.graph.node:
            n.input[:] = [state if name == gather.output[0] else name for name in n.input]

    fail(change(copy, forget), parity.ValueMismatch, r"golden example 1.*changed since the export: node .*LSTM")


def without_digests(path: Path) -> Path:
    """As if somebody had made the contract anew after the fault: only PyTorch can tell."""

    def forget(model: onnx.ModelProto) -> None:
        edit_contract(model, fingerprints={})

    change(path, forget)
    path.with_suffix(".json").write_text(onnx.load(path).metadata_props[0].value)
    return path


def test_the_first_node_that_parts_from_pytorch_is_named(copy: Path, adding_run) -> None:
    """Golden examples that share the fault do not show it; PyTorch does, and the node is named."""

    def scale(model: onnx.ModelProto) -> None:
        tensor = weights(model, "head.weight")
        set_weights(tensor, numpy_helper.to_array(tensor) * 1.01)
        text = next(p.value for p in model.metadata_props if p.key == METADATA_KEY)
        edit_contract(model, examples=[json.loads(text)["examples"][0]])

    without_digests(change(copy, scale))
    answers = session_answer(copy.read_bytes(), "wrong")

    def believe(model: onnx.ModelProto) -> None:
        text = next(p.value for p in model.metadata_props if p.key == METADATA_KEY)
        examples = json.loads(text)["examples"]
        inputs, _ = decode(Example.model_validate(examples[0]))
        examples[0]["outputs"]["total"]["values"] = answers(inputs)["total"].tolist()
        edit_contract(model, examples=examples)

    change(copy, believe)
    copy.with_suffix(".json").write_text(onnx.load(copy).metadata_props[0].value)
    assert verify(copy).passed
    fail(copy, parity.ValueMismatch, r"the first to part from PyTorch: node head/Gemm", run=adding_run.folder)


TRAFFIC = Path(__file__).parents[2] / "exported" / "traffic.onnx"


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    path = tmp_path / "traffic.onnx"
    path.write_bytes(TRAFFIC.read_bytes())
    path.with_suffix(".json").write_bytes(TRAFFIC.with_suffix(".json").read_bytes())
    return path


def test_wrong_scale(traffic: Path) -> None:
    def double(model: onnx.ModelProto) -> None:
        tensor = weights(model, "past_scaler.rate")
        set_weights(tensor, numpy_helper.to_array(tensor) * 2)

    fail(
        change(traffic, double),
        parity.ValueMismatch,
        r"golden example 1: .* changed since the export: weights past_scaler\.rate",
    )


def test_dropped_cast(traffic: Path) -> None:
    """The clock goes into the calendar as int64 where float32 is needed."""

    def drop(model: onnx.ModelProto) -> None:
        cast = next(n for n in model.graph.node if n.name == "phases/Cast")
        for n in model.graph.node:
            n.input[:] = [cast.input[0] if name == cast.output[0] else name for name in n.input]
        model.graph.node.remove(cast)

    fail(change(traffic, drop), parity.FileError, r"node phases/Cast is gone")


def test_extremes_and_ragged_lengths_are_asked(adding_run, adding_file: Path) -> None:
    report = verify(adding_file, adding_run.folder)
    detail = next(c.detail for c in report.checks if c.name == "PyTorch (cpu, optimisation on)")
    sizes = len(list(grid(restore(adding_run).graphs[0])))
    real = len(load_examples(adding_run))
    assert real >= 8
    told = f"{4 * sizes} combinations of sizes and lengths, {real} examples of the run's data, 6 extreme inputs"
    assert detail == told


def test_of_many_axes_any_two_sizes_of_any_two_stand_together() -> None:
    choices = [[1, 2, 7, 33], [1, 2, 5, 16, 33], [0, 2, 5], [4, 8, 9, 10, 11], [3], [6, 7]]
    found = list(pairwise(choices))
    assert len(found) == 25 < prod(map(len, choices))
    for one, other in itertools.combinations(range(len(choices)), 2):
        assert {(row[one], row[other]) for row in found} == set(itertools.product(choices[one], choices[other]))


def test_ragged_lengths_reach_from_the_smallest_to_full(adding_run) -> None:
    graph = restore(adding_run).graphs[0]
    inputs = sample_inputs(restore(adding_run).task, graph, {"batch": 4, "time": 7}, 0)
    found = {how: i["lengths"].tolist() for how, i in ragged(graph, inputs, {"batch": 4, "time": 7})}
    assert found[", lengths smallest"] == [0] * 4
    assert found[", lengths full"] == [7] * 4
    assert found[", lengths mixed"] == [7, 0, 1, 4]


def test_what_has_no_missing_values_is_refused_at_the_door(adding_file: Path) -> None:
    """ONNX Runtime's LSTM makes a number of NaN, PyTorch does not: nobody shall see that."""
    pairs = np.full((1, 3, 2), np.nan, np.float32)
    with pytest.raises(lo.UserError, match=r"input 'pairs': nan at \[0, 0, 0\]; this input knows no missing values"):
        lo.load(adding_file).run({"pairs": pairs, "lengths": [3]})


@pytest.mark.parametrize("engine", ["reference", "openvino", "c"])
def test_other_engines_are_asked(adding_file: Path, engine: str) -> None:
    report = verify(adding_file, engines=[engine])
    report.raise_if_failed()
    assert {c.name: c.detail for c in report.checks}[f"golden examples ({engine})"] == "3 reproduced"


def test_engines_that_part_on_an_extreme_input_are_found(traffic: Path) -> None:
    contract, answer = lo.load(traffic).require_contract(), session_answer(traffic.read_bytes(), "traffic")

    def no_zero(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = answer(inputs)
        empty = not inputs["values"].any()
        return {name: a * np.nan if empty and name == "forecast" else a for name, a in found.items()}

    assert check_extremes(answer, answer, contract) == "24 inputs answered alike"
    with pytest.raises(parity.ValueMismatch, match="values 0 everywhere: forecast"):
        check_extremes(no_zero, answer, contract)


def test_an_engine_that_is_not_there(adding_file: Path) -> None:
    with pytest.raises(lo.UserError, match="engine 'openvina' is not installed; did you mean 'openvino'"):
        verify(adding_file, engines=["openvina"])


def test_renamed_input(copy: Path) -> None:
    def rename(model: onnx.ModelProto) -> None:
        model.graph.input[1].name = "sizes"
        for node in model.graph.node:
            node.input[:] = ["sizes" if name == "lengths" else name for name in node.input]

    fail(change(copy, rename), parity.NameMismatch, "inputs are called pairs, sizes; the contract says pairs, lengths")


def test_other_type_than_the_contract_says(copy: Path) -> None:
    def edit(model: onnx.ModelProto) -> None:
        text = next(p for p in model.metadata_props if p.key == METADATA_KEY).value
        inputs = json.loads(text)["inputs"]
        inputs[1]["dtype"] = "int32"
        edit_contract(model, inputs=inputs)

    change(copy, edit)
    copy.with_suffix(".json").write_text(onnx.load(copy).metadata_props[0].value)
    fail(copy, parity.TypeMismatch, "input lengths is int64; the contract says int32")


def test_foreign_operator(copy: Path) -> None:
    def replace(model: onnx.ModelProto) -> None:
        model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
        node = next(n for n in model.graph.node if n.op_type == "Gemm")
        node.op_type, node.domain = "FusedGemm", "com.microsoft"

    fail(change(copy, replace), parity.OperatorError, "node head/Gemm is com.microsoft.FusedGemm")


def test_sequence_lens(copy: Path) -> None:
    def add(model: onnx.ModelProto) -> None:
        model.graph.initializer.append(numpy_helper.from_array(np.array([4], np.int32), "four"))
        next(n for n in model.graph.node if n.op_type == "LSTM").input.append("four")

    fail(change(copy, add), parity.OperatorError, "has sequence_lens, which OpenVINO")


def test_contract_that_is_missing_broken_untrue_or_different_beside(copy: Path) -> None:
    original = copy.read_bytes()

    def with_original(edit: Callable[[onnx.ModelProto], None]) -> Path:
        copy.write_bytes(original)
        return change(copy, edit)

    def remove(model: onnx.ModelProto) -> None:
        del model.metadata_props[:]

    fail(with_original(remove), parity.ContractError, "has no contract in its metadata")
    fail(with_original(lambda m: edit_contract(m, axes=3)), parity.ContractError, "contract is broken at axes")
    fail(
        with_original(lambda m: edit_contract(m, opset=21)), parity.ContractError, "is opset 18, IR 8, but .* 21 and 8"
    )
    fail(with_original(lambda m: edit_contract(m, examples=[])), parity.ContractError, "no golden examples")
    fail(
        with_original(lambda m: edit_contract(m, name="other")), parity.ContractError, "another contract inside than in"
    )
    copy.write_bytes(original)
    copy.with_suffix(".json").unlink()
    report = verify(copy)
    report.raise_if_failed()
    (said,) = [check.detail for check in report.checks if check.name == "contract"]
    assert said.endswith("there is no adding.json beside it, which only programs in JavaScript need")


def test_other_weights_than_the_run(copy: Path, tmp_path: Path) -> None:
    from tests.conftest import ADDING, TINY

    other = lo.train("adding", plugin_file=ADDING, **TINY, epochs=1, seed=5, runs=tmp_path / "r")
    fail(copy, parity.ValueMismatch, r"batch 1, time 2: total", run=other.folder)


def test_export_writes_nothing_that_does_not_agree(adding_run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_onnx.exporting import export as exporting

    honest = exporting.to_onnx

    def wrong_bias(*arguments: object) -> onnx.ModelProto:
        model = honest(*arguments)
        tensor = weights(model, ".B")
        set_weights(tensor, numpy_helper.to_array(tensor) + 0.01)
        return model

    monkeypatch.setattr(exporting, "to_onnx", wrong_bias)
    with pytest.raises(parity.ValueMismatch, match="golden example 1"):
        lo.export(adding_run, tmp_path / "wrong.onnx")
    assert list(tmp_path.iterdir()) == []


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match="no such file"):
        verify(tmp_path / "nothing.onnx")


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("got", "wanted", "passes"),
    [
        ([1.0, NAN], [1.0, NAN], True),
        ([1.0, INF], [1.0, INF], True),
        ([1.0, 2.0], [1.0, NAN], False),
        ([1.0, NAN], [1.0, 2.0], False),
        ([1.0, -INF], [1.0, INF], False),
        ([1000.001], [1000.0], True),
        ([1000.1], [1000.0], False),
        ([0.0], [1e-7], True),
    ],
)
def test_comparison(got: list[float], wanted: list[float], passes: bool) -> None:
    arrays = {"y": np.array([got], np.float32)}, {"y": np.array([wanted], np.float32)}
    if passes:
        compare(*arrays, plugin.Tolerance(), "here", Report("file"))
    else:
        with pytest.raises(parity.ValueMismatch, match=r"^here: y"):
            compare(*arrays, plugin.Tolerance(), "here", Report("file"))


def test_a_large_example_does_not_hide_a_small_one() -> None:
    wanted = np.array([[1e6], [1.0]], np.float32)
    got = wanted + np.array([[0], [1e-3]], np.float32)
    with pytest.raises(parity.ValueMismatch, match=r"y\[1, 0\]"):
        compare({"y": got}, {"y": wanted}, plugin.Tolerance(), "here", Report("file"))


def test_an_output_may_have_a_tolerance_of_its_own() -> None:
    tolerance = plugin.Tolerance(rtol=0, atol=1e-4, outputs={"sum": 1e-3})
    wanted = {"part": np.zeros((1, 3), np.float32), "sum": np.zeros(1, np.float32)}
    compare(wanted | {"sum": wanted["sum"] + 9e-4}, wanted, tolerance, "here", Report("file"))
    with pytest.raises(parity.ValueMismatch, match=r"sum\[0\] is .* allowed 0.001 \+ 0 of largest"):
        compare(wanted | {"sum": wanted["sum"] + 2e-3}, wanted, tolerance, "here", Report("file"))
    with pytest.raises(parity.ValueMismatch, match=r"part\[0, 0\] is .* allowed 0.0001 \+ 0 of largest"):
        compare(wanted | {"part": wanted["part"] + 9e-4}, wanted, tolerance, "here", Report("file"))


def test_a_near_tie_is_forgiven_where_what_decides_is_the_same_and_it_is_rare() -> None:
    tolerance = plugin.Tolerance(rtol=0, atol=1e-4, decided_by="score")
    wanted = {
        "tokens": np.arange(12).reshape(4, 3),
        "text": np.array(["a", "b", "c", "d"], object),
        "score": np.zeros(4, np.float32),
        "each": np.zeros((4, 3), np.float32),
    }
    other = {name: a.copy() for name, a in wanted.items()}
    other["tokens"][1], other["text"][1], other["each"][1] = 7, "x", 0.5
    other["score"][1] = 5e-5
    report = Report("file")
    compare(other, wanted, tolerance, "here", report)
    assert (report.ties, report.examples, report.changed, report.decisions) == (1, 4, 4, 16)
    assert report.largest_absolute < 1e-4  # two sentences have no distance
    with pytest.raises(parity.ValueMismatch, match=r"tokens\[1, 0\] is 7 instead of 3"):
        compare(other, wanted, tolerance, "again", report)  # two of eight are no chance
    with pytest.raises(parity.ValueMismatch, match=r"tokens\[1, 0\] is 7"):
        compare(other, wanted, plugin.Tolerance(rtol=0, atol=1e-4), "here", Report("file"))
    with pytest.raises(parity.ValueMismatch, match=r"tokens\[1, 0\] is 7"):
        compare(other | {"score": wanted["score"] + 1e-3}, wanted, tolerance, "a worse one", Report("file"))
    with pytest.raises(parity.ValueMismatch, match=r"each\[0, 0\]"):
        compare(other | {"each": other["each"] + 1}, wanted, tolerance, "others count as ever", Report("file"))


def test_distance_of_strings_and_shapes() -> None:
    words = np.array(["a", "b"], object)
    assert distance(words, words) == (0.0, 0.0)
    with pytest.raises(parity.ValueMismatch, match=r"label\[1\] is b instead of c"):
        compare({"label": words}, {"label": np.array(["a", "c"], object)}, plugin.Tolerance(), "here", Report("file"))
    with pytest.raises(parity.ShapeMismatch, match=r"has the shape \(2\) instead of \(1\)"):
        compare({"y": np.zeros(2)}, {"y": np.zeros(1)}, plugin.Tolerance(), "here", Report("file"))
