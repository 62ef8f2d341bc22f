"""Scores of parts come to those of the whole, for a file and a run, by one process and by two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError


def machines(count: int, seed: int) -> pl.DataFrame:
    """Draw sequences whose level says how long a machine lasts."""
    random = np.random.default_rng(seed)
    rows = []
    for k in range(count):
        level = float(random.uniform(0, 1))
        rows += [
            {
                "machine": f"m{k:03}",
                "hour": t,
                "level": round(level + float(random.normal(0, 0.1)), 4),
                "life": 9 * level,
            }
            for t in range(int(random.integers(3, 7)))
        ]
    return pl.DataFrame(rows)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> lo.Run:
    folder = tmp_path_factory.mktemp("run")
    machines(60, 0).write_csv(folder / "known.csv")
    roles = {"target": ("life",), "sequence": "machine", "time": "hour"}
    return lo.train("regression", folder / "known.csv", **roles, runs=folder, epochs=2, hidden=4, threads=1)


@pytest.fixture(scope="module")
def file(run: lo.Run) -> Path:
    return run.export(run.folder.parent / "life.onnx").path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of other machines, and the same in one."""
    folder = tmp_path_factory.mktemp("data")
    table = machines(50, 1)
    first = table.filter(pl.col("machine") < "m030")
    first.write_csv(folder / "a.csv")
    table[first.height :].write_parquet(folder / "b.parquet")
    table.write_parquet(folder / "whole.pq")
    return folder


def test_parts_come_to_the_scores_of_the_whole(run: lo.Run, file: Path, data: Path) -> None:
    for model in (file, run):
        whole = lo.evaluate(model, data / "whole.pq")
        parts = lo.evaluate(model, data / "[ab].*", part_rows=40, workers=2 if model is file else None)
        assert parts.examples == whole.examples == 50
        assert parts.part == "all"
        assert "parts of" in parts.summary
        assert parts.scores.model == pytest.approx(whole.scores.model, rel=1e-6)
        assert parts.scores.baselines.keys() == whole.scores.baselines.keys()
        for name, scores in whole.scores.baselines.items():
            assert parts.scores.baselines[name] == pytest.approx(scores, rel=1e-6)


def test_a_part_that_cannot_be_scored_ends_it(run: lo.Run, file: Path, data: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b.parquet"):
        (tmp_path / name).write_bytes((data / name).read_bytes())
    (tmp_path / "c.csv").write_text("machine,hour,level\nm,1,2\n")
    with pytest.raises(UserError, match=r"c\.csv: there is no column 'life'"):
        lo.evaluate(run, tmp_path / "*")
    with pytest.raises(UserError, match=r"--out: is for one table"):
        lo.evaluate(run, tmp_path / "*", to=tmp_path / "answers.csv")
    with pytest.raises(UserError, match="each process loads the file anew"):
        lo.evaluate(lo.load(file), data / "whole.pq", workers=2)
    with pytest.raises(UserError, match=r"known\.csv: is what the model was trained on"):
        lo.evaluate(run, run.folder.parent / "known.csv", part_rows=1000)
