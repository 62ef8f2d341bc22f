"""`lstm-onnx data` writes what the plugins bring, with its licence, and nothing over what is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lstm_onnx.cli.app import run


def test_the_sets_are_listed_with_their_licences(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert {"traffic", "vowels"} <= found.keys()
    assert all("CC BY 4.0" in one["licence"] for one in found.values())


def test_a_set_is_written_and_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "traffic", "--out", str(tmp_path / "new")]) == 0
    table = tmp_path / "new" / "traffic.csv"
    assert table.read_text().startswith("time,vehicles")
    assert "CC BY 4.0" in (tmp_path / "new" / "SOURCE.md").read_text()
    assert run(["data", "traffic", "--out", str(tmp_path / "new")]) == 0  # the same again
    table.write_text("mine")
    capsys.readouterr()
    assert run(["data", "traffic", "--out", str(tmp_path / "new")]) == 2
    assert "is there, and holds something else" in capsys.readouterr().err.replace("\n", " ")
    assert table.read_text() == "mine"
    assert run(["data", "trafic"]) == 2
    assert "did you mean 'traffic'" in capsys.readouterr().err
