"""Tables in pieces, with examples in files: the weights are those of the same table in memory, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.task import Classification
from safetensors.numpy import load_file

import lstm_onnx as lo
from lstm_onnx.data import parquet_pieces
from lstm_onnx.data.room import DiskRoom
from lstm_onnx.data.stored_rows import RowWriter, StoredRows
from lstm_onnx.features import stored

WORDS = "wheat corn ship oil bank rate trade rose fell said market crop dollar farmer port".split()
ASKED: dict[str, Any] = {"hidden": 4, "epochs": 2, "threads": 1, "validation_share": 0.2}


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pieces, "PIECE", 50)
    monkeypatch.setattr(stored, "_AT_ONCE", 16)


def texts(count: int = 160) -> pl.DataFrame:
    """Texts sorted by their class, so that a piece may have one alone."""
    random = np.random.default_rng(0)
    labels = np.repeat(["farm", "sea", "money"], [count // 4, count // 4, count - 2 * (count // 4)])
    made = [" ".join([label[0] * 3, *random.choice(WORDS, random.integers(2, 12))]) for label in labels]
    return pl.DataFrame({"text": made, "label": labels})


def recordings(count: int = 60) -> pl.DataFrame:
    """Recordings of 4 to 9 steps with some values missing, a number to answer, and a word for each step."""
    random = np.random.default_rng(1)
    found = []
    for k in range(count):
        steps = int(random.integers(4, 10))
        a = np.where(random.random(steps) < 0.1, np.nan, random.normal(k % 3, 1, steps))
        found.append(
            pl.DataFrame(
                {
                    "recording": [f"r{k:03d}"] * steps,
                    "time": np.arange(steps),
                    "a": a,
                    "b": random.normal(size=steps),
                    "site": ["north" if k % 2 else "south"] * steps,
                    "target": [float(k % 3)] * steps,
                    "label": ["xyz"[k % 3]] * steps,
                }
            )
        )
    return pl.concat(found)


def sentences(count: int = 60) -> pl.DataFrame:
    random = np.random.default_rng(2)
    rows = [(f"s{k:03d}", str(w)) for k in range(count) for w in random.choice(WORDS, random.integers(2, 9))]
    return pl.DataFrame(rows, schema=["sentence", "word"], orient="row").with_columns(
        tag=pl.when(pl.col("word").is_in(["ship", "port"])).then(pl.lit("SEA")).otherwise(pl.lit("LAND"))
    )


def both_ways(folder: Path, plugin: str, table: pl.DataFrame, **asked: Any) -> tuple[lo.Run, lo.Run]:
    """Train from memory and from files; hold weights and scores of both against each other."""
    (folder / "parts").mkdir()
    table.write_parquet(folder / "whole.parquet")
    for k, begin in enumerate(range(0, len(table), 70)):
        table[begin : begin + 70].write_parquet(folder / "parts" / f"{k}.parquet")
    memory = lo.train(plugin, folder / "whole.parquet", runs=folder / "runs", **{**ASKED, **asked})
    pattern = folder / "parts" / "*.parquet"
    files = lo.train(plugin, pattern, runs=folder / "runs", store=str(folder / "store"), **{**ASKED, **asked})
    first, second = load_file(memory.weights), load_file(files.weights)
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)
    assert files.record.info == memory.record.info
    assert memory.record.scores is not None and files.record.scores is not None
    assert files.record.scores.model == memory.record.scores.model
    assert files.record.config["store"] is None and not list((folder / "store").iterdir())
    assert "kept in files" in " ".join(files.record.notes)
    return memory, files


def test_texts_with_classes(tmp_path: Path) -> None:
    memory, files = both_ways(tmp_path, "classification", texts(), balance="sampling", embedding=4)
    assert files.record.config == memory.record.config
    evaluation = lo.evaluate(files)
    assert evaluation.scores.model == memory.record.scores.model


def test_sequences_with_classes(tmp_path: Path) -> None:
    both_ways(tmp_path, "classification", recordings().drop("target", "site"), convolutions=(2, 2), kernels=(3, 2))


def test_sequences_with_numbers_and_categories_to_a_number(tmp_path: Path) -> None:
    both_ways(tmp_path, "regression", recordings().drop("label"), interval=0.8)


def test_words_with_tags(tmp_path: Path) -> None:
    both_ways(tmp_path, "tagging", sentences(), embedding=4)


def test_texts_to_go_on_with(tmp_path: Path) -> None:
    table = texts(120).select("text")
    both_ways(tmp_path, "textgen", table, units="words", embedding=4, longest=6)
