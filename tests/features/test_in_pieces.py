"""Tables in pieces, with examples in files: the weights are those of the same table in memory, to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.task import Classification
from lstm_onnx_regression.task import Regression
from lstm_onnx_speech.task import Speech
from lstm_onnx_textgen.task import TextGeneration
from lstm_onnx_translate.task import Translation
from PIL import Image
from safetensors.numpy import load_file

import lstm_onnx as lo
from lstm_onnx.data import parquet_pieces
from lstm_onnx.data.room import DiskRoom
from lstm_onnx.data.sounds import write_sound
from lstm_onnx.data.stored_rows import RowWriter, StoredRows
from lstm_onnx.features import stored

WORDS = "wheat corn ship oil bank rate trade rose fell said market crop dollar farmer port".split()


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pieces, "PIECE", 50)
    monkeypatch.setattr(stored, "_AT_ONCE", 16)
    monkeypatch.setattr("lstm_onnx_classification.baselines._LETTERS", 0)  # no scikit-learn, which takes its time


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


def laid_out(folder: Path, table: pl.DataFrame) -> tuple[Path, Path]:
    """Write a table as one file, and as several."""
    (folder / "parts").mkdir()
    table.write_parquet(folder / "whole.parquet")
    for k, begin in enumerate(range(0, len(table), 70)):
        table[begin : begin + 70].write_parquet(folder / "parts" / f"{k}.parquet")
    return folder / "whole.parquet", folder / "parts" / "*.parquet"


def same_weights(folder: Path, plugin: str, table: pl.DataFrame, **asked: Any) -> tuple[lo.Run, lo.Run]:
    """Train from memory and from files; hold weights and scores of both against each other."""
    whole, pattern = laid_out(folder, table)
    asked = {"hidden": 4, "epochs": 1, "threads": 1, "embedding": 4, "validation_share": 0.2, **asked}
    memory = lo.train(plugin, whole, runs=folder / "runs", **asked)
    files = lo.train(plugin, pattern, runs=folder / "runs", store=str(folder / "store"), **asked)
    first, second = load_file(memory.weights), load_file(files.weights)
    assert first.keys() == second.keys()
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)
    assert memory.record.scores is not None and files.record.scores is not None
    assert files.record.info == memory.record.info
    assert files.record.scores.model == memory.record.scores.model
    assert files.record.config == memory.record.config and not list((folder / "store").iterdir())
    assert "kept in files" in " ".join(files.record.notes)
    return memory, files


def assert_same_data(memory: Any, files: Any) -> None:
    """Hold what was found, and all batches, of one data set against those of another."""
    assert memory.info == files.info and memory.config == files.config
    for part in ("train", "validation", "test"):
        one, other = ([*getattr(data, part).batches(7, np.random.default_rng(1))] for data in (memory, files))
        assert len(one) == len(other) > 0
        for first, second in zip(one, other, strict=True):
            assert first.keys() == second.keys()
            for name, array in first.items():
                np.testing.assert_array_equal(second[name], array)


def same_batches(folder: Path, task: Any, table: pl.DataFrame, **asked: Any) -> None:
    """Read from memory and from files; hold what is learnt, and all batches, against each other."""
    whole, pattern = laid_out(folder, table)
    config = task.Config(**asked)
    memory, files = (task.load_data(source, config, 0) for source in (whole, pattern))
    assert_same_data(memory, files)
    assert files.baselines == {} and any("none is held against all others" in note for note in files.notes)


def same_beyond_memory(task: Any, config: Any, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read what files hold that a table names, kept in memory and, as if it were too much for that, in files."""
    read = []
    for most, rows in ((1 << 28, list), (100, StoredRows)):
        monkeypatch.setattr(stored, "MOST_BYTES", most)
        read.append(task.load_data(table, config, 0))
        assert isinstance(read[-1].train.inputs[0][1], rows)
    assert_same_data(*read)


def test_texts_with_classes(tmp_path: Path) -> None:
    memory, files = same_weights(tmp_path, "classification", texts(), balance="sampling")
    assert memory.record.scores is not None
    assert lo.evaluate(files).scores.model == memory.record.scores.model
    asked = lo.evaluate(memory, changes={"store": str(tmp_path / "store")})
    assert asked.scores.model == memory.record.scores.model
    assert "kept in files" in " ".join(asked.notes) and not list((tmp_path / "store").iterdir())


def test_words_with_tags(tmp_path: Path) -> None:
    same_weights(tmp_path, "tagging", sentences())


def test_sequences_with_classes(tmp_path: Path) -> None:
    same_batches(tmp_path, Classification(), recordings().drop("target", "site"), validation_share=0.2)


def test_sequences_with_several_classes(tmp_path: Path) -> None:
    table = recordings().drop("target", "site").with_columns(label=pl.col("label") + pl.lit(";w"))
    same_batches(tmp_path, Classification(), table, validation_share=0.2, several=";", time="time")


def test_sequences_with_numbers_and_categories_to_a_number(tmp_path: Path) -> None:
    same_batches(tmp_path, Regression(), recordings().drop("label"), interval=0.8)


def test_texts_to_go_on_with_and_to_translate(tmp_path: Path) -> None:
    same_batches(tmp_path, TextGeneration(), texts(120).select("text"), units="pieces", vocabulary=280)
    (tmp_path / "pairs").mkdir()
    pairs = texts(120).select(source=pl.col("text"), target=pl.col("text").str.slice(0, 9))
    asked = {"source_units": "words", "target_units": "words", "longest": 4}
    same_batches(tmp_path / "pairs", Translation(), pairs.unique("source", maintain_order=True), **asked)


def test_many_pictures_lie_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    for k in range(30):
        Image.fromarray(random.integers(0, 255, (20, 30, 3), dtype=np.uint8)).save(tmp_path / f"{k}.png")
    table = pl.DataFrame({"picture": [f"{k}.png" for k in range(30)], "target": random.normal(size=30)})
    table.write_csv(tmp_path / "t.csv")
    task, config = Regression(), Regression.Config(size=16)
    monkeypatch.setattr(stored, "_BYTES_AT_ONCE", 16 * 16 * 3 * 4)
    same_beyond_memory(task, config, tmp_path / "t.csv", monkeypatch)
    (tmp_path / "29.png").write_bytes(b"no picture")
    with pytest.raises(lo.UserError, match=r"29\.png.*counted from example"):
        task.load_data(tmp_path / "t.csv", config, 0)


def test_many_sounds_lie_in_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    for k in range(30):
        write_sound(tmp_path / f"{k}.wav", random.normal(0, 0.1, 800 + 100 * k).astype(np.float32), 8000)
    table = pl.DataFrame(
        {"audio": [f"{k}.wav" for k in range(30)], "text": [["one", "two", "three"][k % 3] for k in range(30)]}
    )
    table.write_csv(tmp_path / "t.csv")
    monkeypatch.setattr(stored, "_BYTES_AT_ONCE", 10_000)
    same_beyond_memory(Speech(), Speech.Config(), tmp_path / "t.csv", monkeypatch)


def write(folder: Path, *tables: pl.DataFrame) -> Path:
    """Write tables as files, and return the pattern of these."""
    for k, table in enumerate(tables):
        table.write_parquet(folder / f"{k}.parquet")
    return folder / "[0-9].parquet"


def test_what_is_repaired_in_a_later_piece_is_told_once(tmp_path: Path) -> None:
    table = pl.DataFrame({"a": np.arange(200.0), "target": np.where(np.arange(200) % 30 == 29, np.nan, 1.0)})
    table = table.with_columns(target=pl.col("target").fill_nan(None), a=pl.col("a").sin())
    table = table.with_columns(target=pl.when(pl.int_range(200) < 50).then(1.5).otherwise("target"))
    data = Regression().load_data(write(tmp_path, table), Regression.Config(), 0)
    told = [note for note in data.notes if "without the number to answer" in note]
    assert told == [f"left out 2 examples without the number to answer (in {tmp_path}/0.parquet, from row 51; "
                    "perhaps in others)"]  # fmt: skip
    assert data.train.count + len(data.validation or ()) + len(data.test) == 195


def test_rows_of_a_sequence_far_apart_are_refused(tmp_path: Path) -> None:
    table = recordings(30)
    with pytest.raises(lo.UserError, match="rows of one recording stand far apart; sort the table by recording"):
        Classification().load_data(write(tmp_path, table, table[:3]), Config(), 0)


def test_a_sequence_without_an_end_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path, recordings(30).drop("recording", "time", "target", "site").rename({"label": "tag"}))
    with pytest.raises(lo.UserError, match="nothing tells where a sequence ends"):
        lo.train("tagging", source, runs=tmp_path)


def test_a_class_of_a_later_piece_is_known_and_one_class_alone_refused(tmp_path: Path) -> None:
    data = Classification().load_data(write(tmp_path, texts()), Config(), 0)
    label = data.info.outputs[0]
    assert label.levels == ("farm", "money", "sea") == data.config.classes  # type: ignore[attr-defined,union-attr]
    with pytest.raises(lo.UserError, match="all examples are of the class 'farm'"):
        Classification().load_data(write(tmp_path, texts().with_columns(label=pl.lit("farm"))), Config(), 0)


def test_parts_that_the_table_names_hold_where_a_piece_has_one_of_them(tmp_path: Path) -> None:
    table = texts().with_columns(split=pl.Series(["train"] * 60 + ["test"] * 20 + ["train"] * 80))
    table = table.with_columns(label=pl.Series(["farm", "sea"] * 80))
    data = Classification().load_data(write(tmp_path, table), Config(validation_share=0.2), 0)
    assert len(data.test) == 20 and data.test_names[0] == f"{tmp_path}/0.parquet: row 61"
    (tmp_path / "a").mkdir()
    table[:60].write_parquet(tmp_path / "a" / "x_train.parquet")
    table[60:80].write_parquet(tmp_path / "a" / "x_test.parquet")
    config = Config(validation_share=0.2, store=str(tmp_path / "store"))
    data = Classification().load_data(tmp_path / "a" / "x_train.parquet", config, 0)
    assert len(data.test) == 20


def test_what_is_no_such_table_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text(texts().write_ndjson())
    with pytest.raises(lo.UserError, match="--store is for tables in Parquet, CSV and TSV; write it as Parquet"):
        Classification().load_data(tmp_path / "t.jsonl", Config(store=str(tmp_path)), 0)
    texts().write_csv(tmp_path / "t.csv")
    with pytest.raises(lo.UserError, match="several files are learnt from in Parquet alone"):
        Classification().load_data(tmp_path / "*.csv", Config(), 0)
    with pytest.raises(lo.UserError, match="no file has such a name"):
        Classification().load_data(tmp_path / "*.pq", Config(), 0)


def test_a_plugin_that_opens_the_file_by_itself_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstm_onnx_classification.reading_texts.read_table", lambda path, **_: pl.read_parquet(path))
    with pytest.raises(lo.UserError, match="does not read tables with read_table"):
        Classification().load_data(write(tmp_path, texts()), Config(), 0)


def test_an_epoch_of_many_examples_shows_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lstm_onnx.features.split.SHOWN", 30)
    data = Classification().load_data(write(tmp_path, texts()), Config(validation_share=0.2), 0)
    assert len(data.train) == 30 and any("shows 30 of" in note for note in data.notes)
    seen = [len(b["lengths"]) for b in data.train.batches(8, np.random.default_rng(0))]
    assert sum(seen) == 30


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    room = DiskRoom(tmp_path)
    for rows in (
        [np.arange(6, dtype=np.float32).reshape(3, 2), np.zeros((0, 2), np.float32), np.ones((1, 3), np.float32)],
        ["a text", "", "ä" * 50, None, ("x", 3)],
        [np.float32(1.5), np.float32(-2)],
        [np.array(["a", None], dtype=object), 7],
    ):
        writer = RowWriter(room)
        writer.add(rows[:2])
        writer.add(rows[2:])
        found = writer.stored()
        room.touched(1 << 30)
        assert len(found) == len(rows) and isinstance(found[1:], StoredRows)
        for one, other in zip(rows, found, strict=True):
            np.testing.assert_array_equal(np.asarray(one, dtype=object), np.asarray(other, dtype=object))
            assert type(one) is type(other) and getattr(one, "dtype", None) == getattr(other, "dtype", None)
        assert [str(row) for row in found.take(np.array([1, 0])).each(str)] == [str(rows[1]), str(rows[0])]
        with pytest.raises(IndexError):
            found[len(rows)]
