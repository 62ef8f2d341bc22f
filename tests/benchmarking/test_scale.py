"""`benchmarks.scale` goes on where it was ended, and counts the memory of a command alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.scale import answer, tables, train
from benchmarks.scale.__main__ import main
from benchmarks.scale.made import KINDS, write
from benchmarks.scale.measured import Measured, row_counts
from benchmarks.speed.kept import Kept

TOOK = Measured(2.0, 1.0, 300.0, 200.0, 100.0)


def test_the_memory_of_who_starts_a_command_is_not_counted() -> None:
    held = np.ones(40_000_000)  # 320 MB of this process
    words = [sys.executable, "-m", "benchmarks.scale.launched", sys.executable, "-c", "x = bytearray(50_000_000)"]
    found = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
    assert held.nbytes > 300e6 and 50 < found["peak"] < 150
    assert subprocess.run([*words[:-1], "raise SystemExit(3)"], stdout=subprocess.DEVNULL).returncode == 3


def test_what_is_kept_is_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[list[str]]()
    for module in (answer, train):
        monkeypatch.setattr(module, "measured", lambda words: asked.append(words) or TOOK)
    kept = Kept(tmp_path / "figures.jsonl", "answering")
    answer.measure(kept, ["texts"], [80], False, tmp_path)
    assert [words[words.index("--workers") + 1] for words in asked] == ["1", "2"]
    answer.measure(kept, ["texts"], [80], False, tmp_path)
    assert len(asked) == 2
    assert "| texts | 80 | 1 | 2.0 | 1.0 | 80 | 300 |" in tables.answering(kept.figures)
    kept = Kept(tmp_path / "figures.jsonl", "learning")
    train.measure(kept, ["sequences"], [80], False)
    assert ["--store" in words for words in asked[2:]] == [True, True, False]  # files, CSV, memory
    assert [Path(words[1]).name for words in asked[2:]] == ["*.parquet", "whole.csv", "whole.parquet"]
    train.measure(kept, ["sequences"], [80], False)
    assert len(asked) == 5


def test_large_sizes_are_measured_when_they_are_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = list[int]()
    for module in (answer, train):
        monkeypatch.setattr(module, "measured", lambda words: TOOK)
        monkeypatch.setattr(module, "write", lambda folder, kind, rows: written.append(rows))
    monkeypatch.setattr(train, "WAYS", {"files": {"texts": 10_000_000}})
    kept = Kept(tmp_path / "figures.jsonl", "answering")
    answer.measure(kept, ["texts"], None, False, tmp_path)
    answer.measure(kept, ["texts"], None, True, tmp_path)
    assert written == [100_000, 1_000_000, 10_000_000]
    monkeypatch.setattr(train, "learn", lambda folder, kind, way: TOOK)
    train.measure(Kept(tmp_path / "figures.jsonl", "learning"), ["texts"], None, True)
    assert written[3:] == [100_000, 1_000_000, 10_000_000]


def test_only_what_is_asked_for_is_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "figures.jsonl"
    for of, rows in (("texts", 80), ("texts", 90), ("series", 80)):
        Kept(file, "learning").add(TOOK.figures({"of": of, "rows": rows, "from": "files"}))
    left = list[tuple[object, ...]]()

    def measure(kept: Kept, *rest: object) -> None:
        left.extend(dict.fromkeys(tuple(figure.cell.values()) for figure in kept.figures))

    monkeypatch.setattr(train, "measure", measure)
    words = ["scale", "--out", str(tmp_path), "--only", "learning", "--of", "texts", "--rows", "90", "--anew"]
    monkeypatch.setattr(sys, "argv", words)
    main()
    assert left == [("texts", 80, "files"), ("series", 80, "files")]


@pytest.mark.parametrize("name", KINDS)
def test_a_table_has_the_rows_that_are_asked_for(name: str, tmp_path: Path) -> None:
    write(tmp_path, KINDS[name], 4000 if "series" in name else 80)
    found = pl.read_parquet(tmp_path / "*.parquet")
    assert len(found) == (4000 if "series" in name else 80) and len(list(tmp_path.glob("*.parquet"))) == 4
    if "split" in found.columns:
        assert set(found["split"]) >= {"train", "test"}
    if "picture" in found.columns:
        assert all((tmp_path / picture).is_file() for picture in found["picture"])


def test_rows_are_those_asked_for_or_the_usual_and_the_largest() -> None:
    sizes, large = {"texts": (10, 100), "series": (5,)}, {"texts": 1000}
    assert row_counts("texts", sizes, large, None) == (10, 100, 1000)
    assert row_counts("texts", sizes, {}, None) == (10, 100)
    assert row_counts("series", sizes, large, None) == (5,)
    assert row_counts("series", sizes, large, [7]) == [7]
