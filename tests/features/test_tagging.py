"""Texts in, and a tag for each word out: the words stand beside their tags, and padding is no row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import helper

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.features.metrics import span_f1, spans
from lstm_onnx.features.word_graphs import words_stage
from lstm_onnx.plugin import Rows, Tags, Text
from lstm_onnx.testing import check_task
from tests.conftest import EXAMPLES

TEXTS = ["  Ann  met\tBob\n", "", "one", " \r\n "]
WORDS = [["Ann", "met", "Bob"], ["", "", ""], ["one", "", ""], ["", "", ""]]


@pytest.fixture(scope="module")
def tagger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, trained and proved."""
    folder = tmp_path_factory.mktemp("tagger")
    return check_task("tagging", folder=folder, plugin_file=EXAMPLES / "tagging.py", hidden=8, count=300).path


def test_a_table_has_a_row_for_each_word_and_none_for_padding(tagger: Path) -> None:
    answer = lo.load(tagger).predict(["Ann met Bob .", "", "Nobody"])
    assert answer.table.columns == ["text", "word", "text_words", "tag", "tag_probability"]
    assert answer.table["text_words"].to_list() == ["Ann", "met", "Bob", ".", "Nobody"]
    assert answer.table["word"].to_list() == [0, 1, 2, 3, 0]
    assert answer.table["text"].to_list() == ["Ann met Bob ."] * 4 + ["Nobody"]
    np.testing.assert_array_equal(answer.outputs["tag_count"], [4, 0, 1])
    contract = lo.load(tagger).require_contract()
    assert {t.name: t.count for t in contract.outputs if t.count} == dict.fromkeys(
        ("text_words", "tag", "tag_probability", "tag_probabilities"), "tag_count"
    )


def test_without_strings_numbers_go_in_and_come_out(tagger: Path, tmp_path: Path) -> None:
    run = tagger.parent / "whole"
    file = lo.export(next(run.iterdir()), tmp_path / "numeric.onnx", numeric=True)
    contract = file.contract
    assert [t.name for t in contract.inputs] == ["tokens", "lengths"]
    assert [t.name for t in contract.outputs] == ["tag_probability", "tag_probabilities", "tag_number"]
    assert contract.outputs[2].count == "lengths"
    assert contract.outputs[2].labels == contract.axes["tag_label"].labels


def test_words_are_cut_in_the_graph_as_in_python() -> None:
    stage = words_stage("text")
    model = helper.make_model(
        stage.build(), opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("ai.onnx.ml", 3)]
    )
    model.ir_version = 10
    session = onnxruntime.InferenceSession(model.SerializeToString())
    texts = np.array(TEXTS, dtype=object)
    found = dict(zip(["words", "lengths"], session.run(["words", "lengths"], {"text": texts}), strict=True))
    wanted = stage.reference({"text": texts})
    for name in ("words", "lengths"):
        np.testing.assert_array_equal(found[name], wanted[name])
    assert found["words"].tolist() == WORDS
    assert found["lengths"].tolist() == [3, 0, 1, 0]
    alone = session.run(["words", "lengths"], {"text": np.array([""], dtype=object)})
    assert (alone[0].tolist(), alone[1].tolist()) == ([[""]], [0])


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["B-a", "I-a", "O", "B-b"], {("a", 0, 2), ("b", 3, 4)}),
        (["B-a", "B-a"], {("a", 0, 1), ("a", 1, 2)}),
        (["B-a", "I-b"], {("a", 0, 1), ("b", 1, 2)}),
        (["O", "I-a", "I-a"], {("a", 1, 3)}),
        ([], set()),
    ],
)
def test_spans_are_read_as_conll_reads_them(labels: list[str], found: set[tuple[str, int, int]]) -> None:
    assert spans(labels) == found


def test_f1_counts_whole_spans_and_no_padding() -> None:
    labels = ("B-a", "I-a", "O")
    metric = span_f1("tag", labels)
    said = np.eye(3)[[[0, 1, 2, 0], [2, 2, 0, 0]]]
    total, count = metric.add({"tag_probabilities": said}, {"tag_number": np.array([[0, 1, 2, 2], [0, 2, -100, -100]])})
    assert total.tolist() == [1, 2, 2]  # one of two spans found, one too many, and what padding says left out
    assert metric.finish(total, count) == 0.5


def test_mistakes_of_authors_are_named() -> None:
    inputs = [Rows(name="steps", columns=("a",)), Text(name="text")]
    with pytest.raises(UserError, match="'t' runs along 'txt', which is no sequence that goes in; did you mean 'text'"):
        Tags(name="t", along="txt").bound(inputs)
    with pytest.raises(UserError, match="take a Text of strings"):
        Tags(name="t", along="text").bound([Text(name="text", as_bytes=True)])
    fitted = Tags(name="t", along="text").fit([["x", "y"]])
    with pytest.raises(UserError, match="example 1 of a part has 3 steps of 'text' and 2 labels of 't'"):
        fitted.check_lengths([3], fitted.prepare_truth([["x", "y"]]))
    with pytest.raises(UserError, match="has the label 'z', of which there is none"):
        fitted.prepare_truth([["z"]])
    with pytest.raises(UserError, match="is a str, and must be a list of labels"):
        fitted.prepare_truth(["x"])
    with pytest.raises(UserError, match="no word of 'text' occurs 2 times"):
        Text(name="text").fit(["a b", "c"])
    with pytest.raises(UserError, match="example 1 of 'text' is a int, and must be a str"):
        Text(name="text").fit([3])
