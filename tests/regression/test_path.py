"""Regression: columns by their roles, all kinds of features in one model, and what the answers are worth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Category, Number, Rows, Text
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.testing import check_task

SMALL = {"epochs": 2, "threads": 1, "hidden": 8}


def sites(count: int = 90) -> pl.DataFrame:
    """A row a step: what changes in it, what does not, a text, and two numbers to answer."""
    random = np.random.default_rng(0)
    rows = []
    for case in range(count):
        level = float(random.random())
        rows += [
            {"case": f"c{case}", "time": t, "flow": level + 0.1 * random.normal(), "site": "ns"[case % 2]}
            | {"age (years)": case % 7, "note": f"this one was {'worn' if level > 0.5 else 'new'} inside"}
            | {"when": "2024-01-01", "cost": 10 * level, "class": -level}
            for t in range(int(random.integers(4, 9)))
        ]
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained on a table in which all kinds of columns stand."""
    folder = tmp_path_factory.mktemp("several")
    sites().write_csv(folder / "sites.csv")
    run = lo.train("regression", folder / "sites.csv", target=("cost", "class"), runs=folder / "runs", **SMALL)
    return run.export(folder / "sites.onnx").path


def test_the_task_passes_what_plugins_must_pass(tmp_path: Path) -> None:
    file = check_task("regression", folder=tmp_path, hidden=8, count=120, bidirectional=False)
    assert (tmp_path / "regression-streaming.onnx").exists()
    contract = file.contract
    assert contract.verb == "estimate"
    assert contract.scores is not None
    assert set(contract.scores.baselines) == {"always the same", "nearest neighbour"}
    assert set(contract.scores.model) == {"rmse", "mae", "r2"}


def test_a_bidirectional_model_is_not_streamed(tmp_path: Path) -> None:
    run = lo.train("regression", runs=tmp_path, count=60, **SMALL)
    with pytest.raises(UserError, match="--no-bidirectional"):
        run.export(tmp_path / "a.onnx", variant="streaming")
    run.export(tmp_path / "int8.onnx", variant="int8")


def test_columns_are_told_by_what_they_hold(tmp_path: Path) -> None:
    sites().write_csv(tmp_path / "sites.csv")
    task = load_task("regression").task
    data = task.load_data(tmp_path / "sites.csv", task.Config(target=("cost", "class")), 0)
    kinds = {f.name: type(f) for f in data.info.inputs}
    assert kinds == {"steps": Rows, "note": Text, "site": Category, "age_years": Number}
    assert data.info["steps"].columns == ("flow",)
    assert [f.name for f in data.info.outputs] == ["cost", "class_value"]  # `class` is a word of Python's
    assert data.config.sequence == ("case",)
    assert "not used: 'when'" in data.notes


def test_all_kinds_of_features_go_in_and_several_numbers_come_out(several: Path) -> None:
    answer = lo.load(several).predict(sites())
    assert answer.table.columns == ["case", "cost", "class_value"]
    assert answer.table["case"].to_list() == [f"c{k}" for k in range(90)]
    assert answer.inputs["note"][0].startswith("this one was")
    scores = lo.load(several).require_contract().scores
    assert scores is not None
    assert {"rmse", "cost_rmse", "class_value_r2"} <= set(scores.model)
    with pytest.raises(UserError, match="no column 'note'"):
        lo.load(several).predict(sites().drop("note"))


def test_texts_beside_sequences_are_not_read_by_programs(several: Path, tmp_path: Path) -> None:
    project = lo.embed(several, "node", tmp_path / "node")
    assert any((tmp_path / "node").iterdir()), project


def test_a_file_of_the_archive_is_read_with_its_test_part(tmp_path: Path) -> None:
    head = "@problemName P\n@timestamps false\n@univariate true\n@targetlabel true\n@data\n"
    cases = [f"{k},{k + 1},{k + 2}:{k / 10}" for k in range(12)]
    (tmp_path / "P_TRAIN.ts").write_text(head + "\n".join(cases) + "\n")
    (tmp_path / "P_TEST.ts").write_text(head + "\n".join(cases[:5]) + "\n")
    task = load_task("regression").task
    data = task.load_data(tmp_path / "P_TRAIN.ts", task.Config(validation_share=0), 0)
    assert (len(data.train), data.validation, len(data.test)) == (12, None, 5)
    nearest = data.baselines["nearest neighbour"]
    batch = next(data.test.batches(5))
    np.testing.assert_allclose(nearest(batch)["target"], batch["target"])  # each test case is also there to learn from
    (tmp_path / "P_TEST.ts").write_text(head + "1,2,3:warm\n")
    with pytest.raises(UserError, match=r"P_TEST.ts: line 6: found 'warm' where the number to answer is needed"):
        task.load_data(tmp_path / "P_TRAIN.ts", task.Config(), 0)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "no column is called target, label or y; name what to answer with --target"),
        ({"target": ("costs",)}, "no column 'costs' .*did you mean 'cost'"),
        ({"target": ("cost",), "number": ("cost",)}, "'cost' is asked for by --target and --number"),
        ({"target": ("flow",)}, "column 'flow': found '.*', and rows of the sequence 'c0' before it have another"),
        ({"target": ("cost",), "wide": True, "sequence": "case"}, "--wide takes each row for a sequence"),
        ({"target": ("note",)}, "row 2, column 'note': found 'this one was"),
    ],
)
def test_wrong_roles_are_told(tmp_path: Path, options: dict[str, object], complaint: str) -> None:
    sites().write_csv(tmp_path / "sites.csv")
    task = load_task("regression").task
    with pytest.raises(UserError, match=complaint):
        task.load_data(tmp_path / "sites.csv", task.Config(**options), 0)


def test_a_row_may_be_an_example_or_a_sequence(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frame = pl.DataFrame({f"m{k}": random.normal(size=40) for k in range(5)}).with_columns(
        y=pl.Series(random.normal(size=40)), id=pl.Series([f"r{k}" for k in range(40)])
    )
    frame.write_csv(tmp_path / "rows.csv")
    task = load_task("regression").task
    data = task.load_data(tmp_path / "rows.csv", task.Config(), 0)
    assert {type(f) for f in data.info.inputs} == {Number}
    wide = task.load_data(tmp_path / "rows.csv", task.Config(wide=True, ignore=("id",)), 0)
    assert [type(f) for f in wide.info.inputs] == [Rows]
    run = lo.train("regression", tmp_path / "rows.csv", wide=True, ignore=("id",), runs=tmp_path / "runs", **SMALL)
    table = run.export(tmp_path / "wide.onnx").predict(tmp_path / "rows.csv").table
    assert (table.height, table.columns[-1]) == (40, "y")


def test_examples_without_an_answer_are_left_out(tmp_path: Path) -> None:
    frame = sites().with_columns(cost=pl.when(pl.col("case") == "c3").then(None).otherwise(pl.col("cost")))
    frame.write_csv(tmp_path / "sites.csv")
    task = load_task("regression").task
    data = task.load_data(tmp_path / "sites.csv", task.Config(target=("cost",)), 0)
    assert "left out 1 examples without the number to answer" in data.notes
    assert len(data.train) + len(data.validation) + len(data.test) == 89
