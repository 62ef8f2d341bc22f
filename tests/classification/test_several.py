"""Several classes for one example: told in one cell, in columns of 0 and 1, or as lists; decided in the graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.features.label_set import LabelSet, macro_f1, micro_f1
from lstm_onnx.plugins.registry import load_task
from tests.trained import WORDS, table_of_texts

WAYS = [(";", {"several": ";"}), ("json", {"several": "json"}), ("flags", {"flags": tuple(WORDS)})]


@pytest.mark.parametrize(("how", "options"), WAYS)
def test_the_three_ways_of_telling_say_the_same(tmp_path: Path, how: str, options: dict[str, object]) -> None:
    task = load_task("classification").task
    data = task.load_data(table_of_texts(tmp_path, how), task.Config(**options, classes=tuple(WORDS)), 0)
    label = data.info.outputs[0]
    assert isinstance(label, LabelSet)
    assert label.levels == tuple(WORDS)
    assert [type(f).__name__ for f in data.info.inputs] == ["Text"]
    for split in (data.train, data.test):
        batch = next(split.batches(100))
        told = [[WORDS[name] in text.split() for name in WORDS] for text in batch["text"]]
        np.testing.assert_array_equal(batch["label_set"], np.array(told, dtype=np.int64))


def test_each_class_is_decided_in_the_graph(sets_run: lo.Run, tmp_path: Path) -> None:
    file = sets_run.export(tmp_path / "several.onnx")
    model = lo.load(file.path)
    scores = model.require_contract().scores
    assert scores is not None
    assert {"micro_f1", "macro_f1", "accuracy"} == set(scores.model)
    assert {"shares", "nearest neighbour"} == set(scores.baselines)
    assert scores["micro_f1"] > max(0.9, scores.baselines["shares"]["micro_f1"])
    found = model.predict(["the ball today", "the coin cloud today"])
    assert found.table.columns[1:4] == ["label money", "label rain", "label sport"]
    assert found.table.rows()[0][1:4] == (0, 0, 1)
    assert found.table.rows()[1][1:4] == (1, 1, 0)
    np.testing.assert_array_equal(found.outputs["label"], found.outputs["probabilities"] >= 0.5)
    strict = sets_run.export(tmp_path / "strict.onnx", changes={"threshold": 0.999})
    few = lo.load(strict.path).predict(["the ball today"]).outputs
    np.testing.assert_array_equal(few["label"], few["probabilities"] >= 0.999)


def test_classes_have_a_table_of_their_own(sets_run: lo.Run, tmp_path: Path) -> None:
    found = lo.evaluate(sets_run)
    assert found.tables["classes"]["class"].to_list() == ["money", "rain", "sport"]
    pl.DataFrame({"text": ["the ball", "the cup"], "label": ["sport", "food"]}).write_csv(tmp_path / "new.csv")
    other = lo.evaluate(sets_run, tmp_path / "new.csv")
    assert any("never learnt are left out: 'food' (1)" in note for note in other.notes)


def test_f1_is_counted_over_decisions_and_over_classes() -> None:
    counts = np.array([[3, 0], [4, 1], [3, 2]])  # found, there, said
    assert micro_f1(counts) == pytest.approx(2 * 3 / 10)
    assert macro_f1(counts) == pytest.approx((2 * 3 / 7 + 0) / 2)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"several": ";", "flags": ("a",)}, "--several and --flags both say"),
        ({"several": ";", "positive": "sport"}, "--positive: is for one class of each example"),
        ({"several": ";", "balance": "weights"}, "--balance: is for one class of each example"),
    ],
)
def test_what_is_for_one_class_is_refused(options: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load_task("classification").task.Config(**options)


def test_a_cell_that_is_no_list_or_no_flag_is_named(tmp_path: Path) -> None:
    task = load_task("classification").task
    with pytest.raises(UserError, match=r"row \d, column 'label': found '.*' where a list as JSON is needed"):
        task.load_data(table_of_texts(tmp_path, ";"), task.Config(several="json"), 0)
    with pytest.raises(UserError, match=r"row 2, column 'text' \(from --flags\): found 'the .*' where 0 or 1"):
        task.load_data(table_of_texts(tmp_path, "flags"), task.Config(flags=("text",)), 0)
    with pytest.raises(UserError, match="--several and --flags read tables, and this is none"):
        task.load_data(None, task.Config(several=";"), 0)
