"""Two processes train one model: the same curve as one, and a lost process loses nothing but its epoch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import load_file
from torch import nn

import lstm_onnx as lo
from lstm_onnx.errors import Interrupted, UserError
from lstm_onnx.training import workers
from lstm_onnx.training.observers import Observer
from lstm_onnx.training.run_folder import Run, open_run
from lstm_onnx.training.workers import Workers, join, refuse_workers

PLUGIN = Path(__file__).with_name("dying.py")
ASKED = {"horizon": 3, "window": 8, "hidden": 4, "epochs": 3, "dropout": 0.0, "loss_scale": "window", "batch_size": 30}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A series of 700 hours: 19 batches of an epoch, the last a small one."""
    path = tmp_path_factory.mktemp("workers") / "t.parquet"
    time = np.datetime64("2024-01-01", "ms") + np.arange(700) * np.timedelta64(3_600_000, "ms")
    load = 10 + np.sin(np.arange(700) / 24 * 6.283) + np.random.default_rng(0).normal(scale=0.2, size=700)
    pl.DataFrame({"time": time, "load": load}).write_parquet(path)
    return path


@pytest.fixture(scope="module")
def alone(table: Path) -> Run:
    """What one process makes of it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DYING", str(table.with_name("unused")))
        return lo.train("dying", table, runs=table.parent, name="alone", plugin_file=PLUGIN, threads=1, **ASKED)


def test_a_lost_process_ends_the_run_and_one_goes_on_to_the_same_curve(
    alone: Run, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"--{name.replace('_', '-')}={value}" for name, value in ASKED.items()]
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "lstm_onnx"]
    command += ["train", str(table), "--plugin-file", str(PLUGIN), "--runs", str(table.parent), "--name=two"]
    monkeypatch.setenv("DYING", str(table.with_name("dead")))
    told = subprocess.run([*command, *words, "--threads=1"], capture_output=True, text=True, timeout=300)
    assert told.returncode != 0 and table.with_name("dead").exists()
    assert "another process has ended, so training stopped after epoch 1 of 3" in " ".join(told.stderr.split())
    assert open_run(table.parent / "two").record.status == "interrupted"
    run = lo.resume(table.parent / "two", plugin_file=PLUGIN)
    assert run.record.status == "finished"
    for column in ("train_loss", "validation_loss"):
        np.testing.assert_allclose(run.history[column], alone.history[column], rtol=1e-5)
    assert not list(table.parent.glob("two-*"))


def test_who_knows_that_another_is_lost_is_not_disturbed_while_it_stores() -> None:
    """Most often the others' silence is noticed first, and then comes the signal of what started all."""
    before = signal.signal(signal.SIGTERM, workers._told_to_end)
    try:
        with pytest.raises(workers.WorkerLost):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        signal.signal(signal.SIGTERM, workers._told_to_end)
        with pytest.raises(workers.WorkerLost), workers._watched():
            raise RuntimeError("Connection closed by peer")
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


class Stopping(Observer):
    """Presses Ctrl-C after an epoch."""

    def epoch_ended(self, row: dict[str, float], is_best: bool) -> None:
        """End."""
        raise KeyboardInterrupt


def test_two_processes_go_on_with_what_one_began_and_refit_as_one_does(table: Path) -> None:
    asked = {**ASKED, "epochs": 2, "threads": 1, "refit": True}
    one = lo.train("forecasting", table, runs=table.parent, name="one", **asked)
    with pytest.raises(Interrupted):
        lo.train("forecasting", table, runs=table.parent, name="more", observers=Stopping(), **asked)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "lstm_onnx"]
    told = subprocess.run(
        [*command, "train", "--resume", str(table.parent / "more")], capture_output=True, text=True, timeout=300
    )
    assert told.returncode == 0, told.stderr
    run = open_run(table.parent / "more")
    assert run.record.status == "finished" and any("refitted on all" in note for note in run.record.notes)
    np.testing.assert_allclose(run.history["validation_loss"], one.history["validation_loss"], rtol=1e-5)
    found = load_file(run.weights)
    for name, array in load_file(one.weights).items():
        np.testing.assert_allclose(found[name], array, rtol=0, atol=5e-4)  # Adam divides by small gradients


def test_rows_are_shared_out_whole() -> None:
    batch = {"a": torch.arange(7), "b": torch.arange(14).reshape(7, 2)}
    found = [Workers(rank, 3).rows(batch) for rank in range(3)]
    assert torch.equal(torch.cat([own["a"] for own, _ in found]), batch["a"])
    assert [share for _, share in found] == [2 / 7, 2 / 7, 3 / 7]
    assert Workers(0, 3).rows({"a": torch.arange(2)}) == ({}, 0.0)
    with pytest.raises(UserError, match="no row for each example"):
        Workers(0, 2).rows({"a": torch.zeros(2), "b": torch.zeros(3)})


def test_one_process_changes_nothing() -> None:
    model = nn.Linear(2, 1)
    assert join().count == 1 and join().add_up(model, 0.5) == 0.5 and model.weight.grad is None


def test_several_models_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="--folds trains several models"):
        refuse_workers("--folds")
    with pytest.raises(UserError, match="tune trains several models; several processes train one"):
        lo.tune("forecasting", trials=1)
