"""Folds and seeds: several runs in one folder, each beside its baselines, and nothing is done twice after a kill."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.cli.app import run as command
from lstm_onnx.errors import UserError
from lstm_onnx.training.several import resume_several, spread_of

ADDING = Path(__file__).parents[1] / "adding.py"
TINY = {"hidden": 4, "longest": 6, "count": 64, "epochs": 2, "threads": 1}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    random = np.random.default_rng(0)
    high = np.arange(60) % 2 == 0
    steps = np.where(high[:, None], 1.0, -1.0) + random.normal(size=(60, 5))
    columns = {f"s{k}": steps[:, k] for k in range(5)}
    path = tmp_path_factory.mktemp("several") / "machines.csv"
    machine = [f"m{k // 6}" for k in range(60)]
    pl.DataFrame({"id": range(60), "machine": machine, **columns, "label": np.where(high, "up", "down")}).write_csv(
        path
    )
    return path


@pytest.fixture(scope="module")
def folds(table: Path):
    told = {"label": "label", "group": "machine", "channels": [f"s{k}" for k in range(5)], "sequence": "id"}
    size = {"hidden": 4, "epochs": 2, "threads": 1, "bidirectional": False}
    return lo.train_several("classification", table, folds=3, runs=table.parent / "runs", **told, **size)


def test_each_example_is_tested_in_one_fold_and_groups_stay_whole(folds, table: Path) -> None:
    machine = dict(pl.read_csv(table).select("id", "machine").iter_rows())
    tested = []
    for run in folds.runs:
        out = table.parent / f"{run.folder.name}.csv"
        scored = lo.evaluate(run, to=out)
        assert scored.part == "test"
        assert scored.scores["accuracy"] == pytest.approx(run.scores["accuracy"])
        rows = pl.read_csv(out).get_column("example").str.strip_prefix("row ").cast(pl.Int64)
        tested.append((rows - 2).to_list())
    assert sorted(chain(*tested)) == list(range(60))
    where = [{machine[i] for i in fold} for fold in tested]
    assert sum(map(len, where)) == 10


def test_an_exported_fold_is_scored_on_the_part_it_never_saw(folds, table: Path) -> None:
    file = folds.runs[1].export(table.parent / "second.onnx")
    assert file.contract.provenance.fold == "2/3"
    assert file.evaluate(table).scores["log_loss"] == pytest.approx(folds.runs[1].scores["log_loss"], rel=1e-4)


def test_mean_and_spread_are_those_of_the_runs(folds) -> None:
    reached = [run.scores["log_loss"] for run in folds.runs]
    found = folds.spread["model"]["log_loss"]
    assert found.mean == pytest.approx(np.mean(reached))
    assert found.deviation == pytest.approx(np.std(reached, ddof=1))
    assert min(reached) <= found.low <= found.mean <= found.high <= max(reached)
    assert {"majority"} <= set(folds.wins)
    assert spread_of([1.0, float("nan"), 3.0]).mean == 2


def test_origins_of_series_roll_and_later_rows_are_not_looked_at(tmp_path: Path) -> None:
    hours = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 9), "1h", eager=True, closed="left")
    path = tmp_path / "hours.csv"
    pl.DataFrame({"time": hours, "value": np.sin(np.arange(192) / 4)}).write_csv(path)
    told = {"horizon": 4, "window": 8, "test_size": 24, "season": 24, "hidden": 4, "epochs": 1, "threads": 1}
    found = lo.train_several("forecasting", path, folds=2, runs=tmp_path / "runs", **told)
    answers = []
    for run in found.runs:
        lo.evaluate(run, to=tmp_path / "out.csv")
        answers.append(pl.read_csv(tmp_path / "out.csv", try_parse_dates=True).get_column("time"))
    assert answers[0].max() < answers[1].min()
    assert str(answers[1].max()) == "2024-01-08 23:00:00"


def test_a_killed_training_of_several_goes_on_and_redoes_nothing(tmp_path: Path) -> None:
    words = ["train", "--plugin-file", str(ADDING), "--seeds", "3", "--runs", str(tmp_path), "--name", "killed"]
    size = "--hidden 4 --longest 6 --count 800 --epochs 15 --threads 1 --patience 20".split()
    process = subprocess.Popen([sys.executable, "-m", "lstm_onnx", *words, *size, "--quiet"], env=dict(os.environ))
    second = tmp_path / "killed" / "seed-1" / "history.csv"
    deadline = time.monotonic() + 120
    while not second.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    first = tmp_path / "killed" / "seed-0" / "run.json"
    assert json.loads(first.read_text())["status"] == "finished"
    before = first.stat().st_mtime_ns
    begun = len(second.read_text().splitlines()) - 1
    found = resume_several(tmp_path / "killed")
    assert first.stat().st_mtime_ns == before
    assert [run.record.status for run in found.runs] == ["finished"] * 3
    assert begun >= 1
    assert len({run.scores["mse"] for run in found.runs}) == 3
    size = {**TINY, "count": 800, "epochs": 15, "patience": 20}
    alone = lo.train("adding", plugin_file=ADDING, runs=tmp_path, seed=1, parts_seed=0, **size)
    assert alone.scores == found.runs[1].scores  # as if nobody had killed it


def test_the_command_line_tells_mean_and_spread(tmp_path: Path, capsys) -> None:
    words = ["train", "--plugin-file", str(ADDING), "--seeds", "2", "--runs", str(tmp_path), "--quiet"]
    assert command([*words, "--hidden", "4", "--longest", "6", "--count", "64", "--epochs", "1", "--threads", "1"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "test scores of 2 seeds: mean ± standard deviation" in told
    assert "than always 1 in" in told
    assert f"next lstm-onnx export {tmp_path}" in told
    folder = next(tmp_path.glob("*-2-seeds"))
    assert command(["train", "--resume", str(folder), "--quiet"]) == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"folds": 2}, "the test part does not come of 'adding' cutting the data"),
        ({"folds": 1}, "must be 2 or more"),
        ({"folds": 2, "seeds": 2}, "say one of them"),
        ({"folds": 2, "fold": "1/2"}, "leave one of the two out"),
    ],
)
def test_what_cannot_be_and_nothing_stays_behind(given, told: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=told):
        lo.train_several("adding", plugin_file=ADDING, runs=tmp_path, **TINY, **given)
    assert list(tmp_path.iterdir()) == []
