"""`init` writes what was understood of a table as options, which `train --config` takes."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest

from lstm_onnx.cli.app import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    days = [f"2023-{1 + k // 28:02d}-{1 + k % 28:02d}" for k in range(84)]
    cells = [f"{50 + 10 * math.sin(k / 7 * 6.28):.1f}".replace(".", ",") for k in range(84)]
    rows = [f"{d};{c};{k}" for k, (d, c) in enumerate(zip(days, cells, strict=True))]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "sales.csv").write_text("day;sold;id\n" + "\n".join(rows) + "\n")
    return tmp_path


def test_options_are_found_written_and_trained_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "in/sales.csv", "--plugin", "forecasting", "--out", "in/sales.toml"]) == 0
    said = capsys.readouterr().out
    assert "in/sales.toml" in said
    assert "lstm-onnx train --config in/sales.toml" in said
    text = (folder / "in" / "sales.toml").read_text()
    found = tomllib.loads(text)
    assert found["data"] == "sales.csv"
    assert (found["plugin"], found["decimal"], found["time"], found["target"]) == (
        "forecasting",
        ",",
        ["day"],
        ["sold"],
    )
    assert "# id      left out  number  0           has the name of an id, and whole numbers" in text
    assert "# horizon = 12  # how many steps ahead to forecast" in text
    more = ["--horizon", "2", "--epochs", "1", "--hidden", "2", "--threads", "1", "--window", "7"]
    assert run(["train", "--config", "in/sales.toml", *more]) == 0
    said = capsys.readouterr().out
    assert "columns   column  used as   kind                     example     odd" in said
    assert "          sold    target    number (decimal sign ,)" in said


def test_a_file_that_was_changed_stays(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "in/sales.csv", "--plugin", "forecasting"]) == 0
    path = folder / "sales.toml"
    text = path.read_text()
    assert run(["init", "in/sales.csv", "--plugin", "forecasting"]) == 0  # it says the same
    path.write_text(text + "epochs = 3\n")
    assert run(["init", "in/sales.csv", "--plugin", "forecasting"]) == 2
    assert "is there already, and says something else; give another --out, or --overwrite" in capsys.readouterr().err
    assert path.read_text().endswith("epochs = 3\n")
    assert run(["init", "in/sales.csv", "--plugin", "forecasting", "--overwrite"]) == 0
    assert path.read_text() == text


def test_what_a_task_refuses_is_written_to_be_settled(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "in/sales.csv", "--plugin", "classification"]) == 0
    text = (folder / "sales.toml").read_text()
    assert "# It is not taken as it stands: in/sales.csv: no column is called label" in text
    assert "# sold    ?        number" in text
    assert tomllib.loads(text) == {"plugin": "classification", "data": "in/sales.csv"}
    assert run(["init", "in/nothing.csv"]) == 2
    assert "no such file or folder" in capsys.readouterr().err
