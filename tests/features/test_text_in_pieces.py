"""CSV that is read in pieces gives what the same file gives as a whole: the same batches, to the bit, and readings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification.task import Classification
from lstm_onnx_forecasting.task import Forecasting
from lstm_onnx_regression.task import Regression
from lstm_onnx_tagging.task import Tagging
from lstm_onnx_textgen.task import TextGeneration
from lstm_onnx_translate.task import Translation

import lstm_onnx as lo
from lstm_onnx.data import parquet_pieces, text_store
from tests.features.test_in_pieces import assert_same_data, recordings, sentences, texts
from tests.forecasting.test_store import sales

NAMES = ["kind", "a", "b", "target"]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pieces, "PIECE", 50)
    monkeypatch.setattr(text_store, "PIECE", 3000)
    monkeypatch.setattr(text_store, "HEAD", 1000)
    monkeypatch.setattr("lstm_onnx_classification.baselines._LETTERS", 0)


def same_batches(folder: Path, task: Any, source: Path, **asked: Any) -> Any:
    """Read a file whole and in pieces; hold what is found and all batches against each other."""
    memory = task.load_data(source, task.Config(**asked), 0)
    files = task.load_data(source, task.Config(**asked, store=str(folder / "store")), 0)
    assert_same_data(memory, files)
    assert any("of a file of text" in note for note in files.notes)
    assert files.understood == memory.understood
    assert not list((folder / "store").iterdir())
    return files


def test_texts_of_several_lines_in_another_encoding(tmp_path: Path) -> None:
    table = texts().with_columns(text=pl.lit("Käse\n") + pl.col("text"))
    (tmp_path / "t.csv").write_bytes(table.write_csv().encode("latin-1"))
    found = same_batches(tmp_path, Classification(), tmp_path / "t.csv", encoding="latin-1", validation_share=0.2)
    assert found.info.outputs[0].levels == ("farm", "money", "sea")


def test_numbers_with_commas_codes_and_a_column_of_parts(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    a = np.round(random.normal(5, 2, 200), 3)
    a[[3, 150]] = -999
    split = ["test" if k % 5 == 0 else "validation" if k % 5 == 1 else "train" for k in range(200)]
    table = pl.DataFrame({"a": a, "b": random.integers(0, 9, 200), "target": np.round(a, 2), "split": split})
    text = table.write_csv(separator=";", decimal_comma=True)
    (tmp_path / "t.csv").write_text(f"Report\n\n{text}")
    found = same_batches(tmp_path, Regression(), tmp_path / "t.csv", missing=("-999",))
    assert found.understood[0].decimal == "," and len(found.test) == 39  # one has no number to answer
    assert any("stand above the header" in note for note in found.notes)


def test_names_that_are_given_and_a_test_file_beside(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    table = pl.DataFrame({"kind": ["x", "y"] * 80, "a": random.normal(size=160), "b": random.normal(size=160)})
    table = table.with_columns(target=pl.col("a") * 2)
    table[:120].write_csv(tmp_path / "t_train.csv", include_header=False)
    table[120:].write_csv(tmp_path / "t_test.csv", include_header=False)
    found = same_batches(tmp_path, Regression(), tmp_path / "t_train.csv", header=tuple(NAMES), validation_share=0.2)
    assert len(found.test) == 40 and found.test_names[0] == f"{tmp_path}/t_test.csv: row 1"


def test_sequences(tmp_path: Path) -> None:
    recordings().drop("target", "site").write_csv(tmp_path / "t.csv")
    same_batches(tmp_path, Classification(), tmp_path / "t.csv", validation_share=0.2)


def test_words_and_sentences(tmp_path: Path) -> None:
    sentences().write_csv(tmp_path / "t.tsv", separator="\t")
    same_batches(tmp_path, Tagging(), tmp_path / "t.tsv", validation_share=0.2)
    texts(120).select("text").write_csv(tmp_path / "go.csv")
    same_batches(tmp_path, TextGeneration(), tmp_path / "go.csv", units="pieces", vocabulary=280)
    pairs = texts(120).select(source=pl.col("text"), target=pl.col("text").str.slice(0, 9))
    pairs.unique("source", maintain_order=True).write_csv(tmp_path / "pairs.csv")
    asked = {"source_units": "words", "target_units": "words", "longest": 4}
    same_batches(tmp_path, Translation(), tmp_path / "pairs.csv", **asked)


def test_series(tmp_path: Path) -> None:
    sales().write_csv(tmp_path / "t.csv", separator=";", decimal_comma=True, datetime_format="%d.%m.%Y")
    asked: dict[str, Any] = {"series": ("shop",), "target": ("sold",), "past": ("rain", "sky"), "horizon": 4}
    found = same_batches(tmp_path, Forecasting(), tmp_path / "t.csv", **asked, window=12)
    assert found.config.store is None and found.config.decimal == ","


def test_a_row_of_series_that_cannot_be_read_is_named_as_in_the_file(tmp_path: Path) -> None:
    text = sales().write_csv()
    lines = text.split("\n")
    lines[200] = "b,2024-03-01T00:00:00.000,much,1.0,sun"
    (tmp_path / "t.csv").write_text("\n".join(lines))
    asked: dict[str, Any] = {"series": ("shop",), "target": ("sold",), "past": ("rain", "sky"), "horizon": 4}
    config = Forecasting.Config(**asked, window=12, store=str(tmp_path))
    with pytest.raises(lo.UserError, match=r"t\.csv, from row [0-9]+: row 201, column 'sold': found 'much'"):
        Forecasting().load_data(tmp_path / "t.csv", config, 0)


def test_by_itself_where_the_file_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts().write_csv(tmp_path / "t.csv")
    monkeypatch.setattr("lstm_onnx.data.large_tables.memory_size", lambda: 1000)
    data = Classification().load_data(tmp_path / "t.csv", Classification.Config(), 0)
    assert any("of a file of text are read in pieces" in note for note in data.notes)
    with pytest.raises(lo.UserError, match="seems to be data"):
        (tmp_path / "n.csv").write_text("1,2,3,5\n" * 500)
        Classification().load_data(tmp_path / "n.csv", Classification.Config(), 0)
