"""A word at each step beside numbers: looked up in the graph, read from tables and streams."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.features.split import FeatureSplit
from lstm_onnx.inference.row_stream import stream_rows
from lstm_onnx.plugin import Labels, Number, Rows
from lstm_onnx.testing import check_task

EVENTS = Path(__file__).with_name("events.py")


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained, streamed, exported and proved."""
    return check_task("events", folder=tmp_path_factory.mktemp("events"), plugin_file=EVENTS, hidden=6).path


FRAME = pl.DataFrame(
    {"run": ["a", "b", "a"], "watt": [1.0, 2.0, 3.0], "what it does": ["on", "dancing", None]},
)


def test_words_of_steps_are_read_from_tables(events: Path) -> None:
    model = lo.load(events)
    answer = model.predict(FRAME)
    np.testing.assert_array_equal(answer.inputs["mode"][..., 0], [["on", ""], ["dancing", ""]])
    np.testing.assert_array_equal(answer.inputs["power"][..., 0], [[1, 3], [2, 0]])
    alone = model.run({"power": [[[1.0], [3.0]]], "lengths": [2], "mode": np.array([[["on"], [""]]], dtype=object)})
    np.testing.assert_allclose(answer.outputs["used"][:1], alone["used"], rtol=1e-5)
    with pytest.raises(UserError, match="no column 'what it does'"):
        model.predict(FRAME.drop("what it does"))


def test_words_of_steps_are_read_from_a_stream(events: Path) -> None:
    lines = ["watt,what it does", "1,on", "3,dancing"]
    told = [json.loads(line) for line in stream_rows(lo.load(events.with_name("events-streaming.onnx")), lines)]
    whole = lo.load(events).predict(pl.DataFrame({"watt": [1.0, 3.0], "what it does": ["on", "dancing"]}))
    assert told[-1]["used"] == pytest.approx(float(whole.outputs["used"][0]), rel=1e-4)


def test_programs_take_them_as_arrays(events: Path, tmp_path: Path) -> None:
    lo.embed(events, "c", tmp_path)
    assert "const char *const *mode" in (tmp_path / "events.h").read_text()


def test_labels_belong_to_rows_and_are_as_many() -> None:
    rows, labels = Rows(name="x", columns=("a",)), Labels(name="w", along="x")
    fitted = labels.bound([rows]).fit([["b", "a"], ["b"]])
    assert (fitted.levels, fitted.size, fitted.axis) == (("a", "b"), 3, "time")
    assert Labels.model_validate_json(fitted.model_dump_json()) == fitted
    batch = fitted.collate(fitted.prepare([["b", None, "z"], []]))
    np.testing.assert_array_equal(batch["w_number"], [[2, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(fitted.stage().reference(batch)["w_number"], batch["w_number"])
    with pytest.raises(UserError, match="'w' runs along 'y', which are no Rows that go in"):
        Labels(name="w", along="y").bound([rows])
    with pytest.raises(UserError, match="example 1 of 'w' is a str, and must be a list of labels"):
        labels.fit(["a"])
    columns = {"x": [np.ones((2, 1))], "w": [["a"]], "n": [1.0]}
    known = [rows.fit(columns["x"]), fitted]
    with pytest.raises(UserError, match="has 2 steps of 'x' and 1 labels of 'w'; give a label for each step"):
        FeatureSplit.of(known, [Number(name="n").fit([1.0])], columns, np.arange(1))
