"""A task on features: trains, exports, streams, and reads a person's table with rows and single cells."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.contract import CellSource
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Category, Examples, Number, Rows
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.testing import check_task
from tests.conftest import EXAMPLES, TINY

MACHINES = Path(__file__).with_name("machines.py")


def test_the_example_of_the_documents_passes_what_plugins_must_pass(tmp_path: Path) -> None:
    check_task("adding", folder=tmp_path, plugin_file=EXAMPLES / "adding.py", **TINY)


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained, streamed, exported and proved."""
    return check_task("machines", folder=tmp_path_factory.mktemp("machines"), plugin_file=MACHINES).path


def test_several_features_train_export_and_verify(machines: Path) -> None:
    model = lo.load(machines)
    contract = model.require_contract()
    assert [t.name for t in contract.inputs] == ["sensor", "lengths", "age", "site", "model"]
    assert [t.name for t in contract.outputs] == ["machine", "machine_probabilities", "heat"]
    assert isinstance(contract.inputs[2].source, CellSource)
    assert contract.inputs[0].missing and contract.inputs[2].missing  # both lack a value in an example
    assert contract.scores is not None
    assert set(contract.scores.model) == {"machine_accuracy", *(f"heat_{m}" for m in ("rmse", "mse", "mae", "r2"))}
    assert contract.scores.baselines["always the same"]["heat_r2"] == pytest.approx(0, abs=0.3)
    stream = lo.load(machines.with_name("machines-streaming.onnx")).require_contract()
    assert [(s.input, s.output) for s in stream.states] == [
        ("lstm_hidden", "lstm_hidden_out"),
        ("lstm_cell", "lstm_cell_out"),
    ]


def test_predict_reads_rows_and_the_cells_beside_them(machines: Path, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "run": ["a", "a", "b"],
            "noise": [50.0, None, 70.0],
            "drift": [50.0, 51.0, 70.0],
            "age": [3, 3, None],
            "site": ["north", "north", "moon"],
            "model number": [9, 9, 11],
        }
    )
    model = lo.load(machines)
    answer = model.predict(frame)
    assert answer.table.columns[:2] == ["run", "machine"]
    assert answer.table["run"].to_list() == ["a", "b"]
    np.testing.assert_array_equal(answer.inputs["lengths"], [2, 1])
    np.testing.assert_array_equal(answer.inputs["site"], ["north", "moon"])
    np.testing.assert_array_equal(answer.inputs["model"], [9, 11])
    np.testing.assert_array_equal(np.isnan(answer.inputs["age"]), [False, True])
    with pytest.raises(UserError, match="row 1, column 'model number': a whole number is needed"):
        model.predict(frame.with_columns(pl.lit(9.5).alias("model number")))
    with pytest.raises(UserError, match="no column 'site'"):
        model.predict(frame.drop("site"))


def test_a_library_is_written_around_cells(machines: Path, tmp_path: Path) -> None:
    lo.embed(machines, "node", tmp_path / "node")
    assert any((tmp_path / "node").iterdir())


def test_numbers_come_back_in_their_unit(machines: Path) -> None:
    answer = lo.load(machines).predict(
        {"sensor": np.full((1, 2, 2), 60.0, np.float32), "lengths": [2], "age": [10.0], "site": ["north"], "model": [7]}
    )
    assert 295 < float(answer.outputs["heat"][0]) < 335


def test_the_parts_are_cut_by_class_and_by_group() -> None:
    task = load_task("machines", MACHINES).task
    data = task.load_data(None, task.Config(), 0)
    sizes = [len(p) for p in (data.train, data.validation, data.test)]
    assert sum(sizes) == 240
    assert 30 <= sizes[2] <= 66
    assert "groups kept together" in data.summary


@pytest.mark.parametrize(
    ("columns", "part", "complaint"),
    [
        ({"x": [[1.0]]}, None, "gives no column 'y'"),
        ({"x": [[1.0]], "y": [1], "z": [1]}, None, "gives a column 'z', which is no feature; there is: x, y"),
        ({"x": [[1.0]], "y": [1, 2]}, None, "their lengths differ: x 1, y 2"),
        ({"x": [], "y": []}, None, "gives no example"),
        ({"x": [[1.0]], "y": [1]}, ["trian"], "of the part 'trian'; parts are train, validation, test"),
    ],
)
def test_examples_that_do_not_fit_are_refused(columns, part, complaint: str) -> None:
    with pytest.raises(UserError, match=complaint):
        Examples(columns, part=part).check(["x", "y"])


def test_rows_that_are_no_rows_are_refused() -> None:
    feature = Rows(name="x", columns=("a", "b"))
    with pytest.raises(UserError, match=r"example 2 of 'x' has the shape \(3,\), and must have \(steps, 2\)"):
        feature.fit([np.ones((2, 2)), np.ones(3)])
    with pytest.raises(UserError, match="example 1 of 'x' has 0 steps, and needs 1"):
        feature.fit([np.ones((0, 2))])


def test_a_missing_number_is_learnt_and_a_missing_answer_refused() -> None:
    assert Number(name="n").fit([1, 3]).met([1, None, 3]).size == 2
    fitted = Number(name="n").fit([1, 2, 3])
    assert (fitted.size, fitted.center) == (1, 2.0)
    with pytest.raises(UserError, match="the answer 'n' is missing in example 2"):
        fitted.prepare_truth([1, None])
    with pytest.raises(UserError, match="'n' must be numbers, and has 'x'"):
        fitted.fit([1, "x"])


def test_levels_keep_their_kind_and_unknown_ones_have_a_place() -> None:
    named, numbered = Category(name="c").fit(["b", "a", "a"]), Category(name="c").fit([30, 7])
    assert (named.levels, named.size, named.width) == (("a", "b"), 3, 2)
    assert numbered.levels == (7, 30)
    np.testing.assert_array_equal(named.collate(["a", "z", "b"])["c_number"], [1, 0, 2])
    assert Category.model_validate_json(numbered.model_dump_json()) == numbered
    assert Category.model_validate_json(named.model_dump_json()) == named
    with pytest.raises(UserError, match="is 'B', of which there is none in the training part"):
        named.prepare_truth(["a", "B"])


def test_a_stream_needs_a_state(tmp_path: Path) -> None:
    made = tmp_path / "still.py"
    made.write_text(
        MACHINES.read_text()
        .replace("    streams = True\n", "")
        .replace("model, state):", "model):")
        .replace('lengths, None if state is None else state["lstm"])', "lengths)")
        .replace('self.machine(seen)}, {"lstm": lstm}', "self.machine(seen)}")
    )
    run = lo.train("machines", plugin_file=made, epochs=1, threads=1, runs=tmp_path / "runs")
    run.export(tmp_path / "whole.onnx")
    with pytest.raises(UserError, match="takes and gives no state"):
        run.export(tmp_path / "a.onnx", variant="streaming")
