"""Recordings: cut into windows, or a file each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading import files_of, read

import lstm_onnx as lo
from lstm_onnx.embedding.from_contract import has_plain_columns
from lstm_onnx.errors import UserError


def recordings(users: str, changes: int, rows: int) -> pl.DataFrame:
    """Recordings at 50 Hz whose activity changes every `rows` rows."""
    found = []
    for user in users:
        labels = [("walk", "run")[k % 2] for k in range(changes) for _ in range(rows)]
        speed = np.array([0.2 if label == "walk" else 0.9 for label in labels])
        phase = np.cumsum(speed) + ord(user)
        times = [f"{i * 0.02:.2f}" for i in range(len(labels))]
        found.append(pl.DataFrame({"user": user, "step": times, "x": np.sin(phase), "activity": labels}))
    return pl.concat(found)


@pytest.fixture
def users(tmp_path: Path) -> Path:
    recordings("abcd", 4, 60).write_csv(tmp_path / "users.csv")
    return tmp_path / "users.csv"


LABEL = {"label": "activity", "sequence": "user", "time": "step"}


def test_recordings_are_cut_into_windows_with_the_label_of_most_of_their_rows(users: Path) -> None:
    found = read(users, Config(**LABEL, windows="1s", hop="20"))  # 50 rows
    assert {item.shape for item in found.examples.items} == {(50, 1)}  # type: ignore[union-attr]
    assert len(found.examples) == 4 * len(range(0, 240 - 50 + 1, 20))
    assert found.examples.labels[:10] == ["walk"] * 2 + ["run"] * 3 + ["walk"] * 3 + ["run"] * 2
    assert found.examples.groups is not None and len(set(found.examples.groups)) == 4
    assert "4 recordings cut into 40 windows of 50 rows, 20 rows apart" in found.notes
    assert found.table is not None and (found.table.window, found.table.hop) == (50, 20)


def test_the_windows_of_one_recording_do_not_overlap_across_the_split(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    recordings("a", 20, 60).drop("user").write_csv(path)
    found = read(path, Config(label="activity", time="step", windows="30"))
    assert found.examples.groups is not None
    begins = [int(place.rpartition(" ")[2].partition("-")[0]) - 1 for place in found.examples.places]
    for begin, group in zip(begins, found.examples.groups, strict=True):
        assert begin // 120 == (begin + 29) // 120 == int(group)
    assert any("one recording alone is parted by 10 blocks of time" in note for note in found.notes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"windows": "a while"}, "--windows a while: must be a number of rows such as 100, or a time such as 4s"),
        ({"windows": "1.5"}, "--windows 1.5: rows are whole; for seconds write 1.5s"),
        ({"windows": "5ms"}, "--windows 5ms is less than a step, which is 0.02 s"),
        ({}, "cut long recordings into windows with --windows 100 (rows) or --windows 4s"),
    ],
)
def test_windows_that_do_not_fit_are_refused(users: Path, options: dict[str, str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        read(users, Config(**LABEL, **options))
    assert said in str(caught.value)


def test_predict_cuts_as_training_did(users: Path, tmp_path: Path) -> None:
    config = {**LABEL, "windows": "1s", "hop": "20", "hidden": 4, "epochs": 1, "threads": 1}
    run = lo.train("classification", users, runs=tmp_path / "runs", **config)
    file = run.export(tmp_path / "m.onnx")
    table = file.predict(users).table
    assert table.height == 40
    assert table["user"].to_list()[:2] == ["a 1-50", "a 21-70"]
    found = lo.evaluate(file, recordings("ef", 4, 60))
    assert found.examples == 20
    assert not has_plain_columns(file.contract)  # no program cuts windows, so none reads such a table


def test_a_folder_of_tables_is_a_sequence_a_file(tmp_path: Path) -> None:
    for i in range(12):
        kind = ("slow", "quick")[i % 2]
        (tmp_path / "rec" / kind).mkdir(parents=True, exist_ok=True)
        pl.DataFrame({"x": np.sin((0.2 + 0.7 * (i % 2)) * np.arange(20 + i))}).write_csv(
            tmp_path / "rec" / kind / f"r{i}.csv"
        )
    found = read(tmp_path / "rec", Config())
    assert len(found.examples) == 12
    assert found.examples.labels == ["quick"] * 6 + ["slow"] * 6
    assert files_of(tmp_path / "rec", Config()) == (tmp_path / "rec",)
    run = lo.train("classification", tmp_path / "rec", hidden=4, epochs=1, threads=1, runs=tmp_path / "runs")
    answers = run.export(tmp_path / "m.onnx").predict(tmp_path / "rec").table
    assert answers["recording"].to_list()[0] == "quick/r1.csv"
    (tmp_path / "rec" / "slow" / "r0.csv").write_text("y\n1\n")
    with pytest.raises(UserError, match=r"r0\.csv: has other columns than r1\.csv \('x'\)"):
        read(tmp_path / "rec", Config())


def test_a_table_of_names_tells_the_classes_of_files(tmp_path: Path) -> None:
    for i in range(4):
        pl.DataFrame({"x": np.arange(5.0) * i}).write_csv(tmp_path / f"r{i}.csv")
    with pytest.raises(UserError, match="lies in no folder of its class"):
        read(tmp_path, Config())
    pl.DataFrame({"file": [f"r{i}.csv" for i in range(4)], "kind": list("abab")}).write_csv(tmp_path / "names.csv")
    assert read(tmp_path, Config()).examples.labels == list("abab")
