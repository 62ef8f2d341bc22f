"""The loop: resuming, stopping, learning rate, and what it refuses."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

import lstm_onnx as lo
from lstm_onnx.errors import Interrupted
from lstm_onnx.training.observers import Observer, Row
from lstm_onnx.training.options import TrainingOptions
from lstm_onnx.training.run_folder import Run, newest_run, open_run
from tests.conftest import ADDING, TINY


def train(runs: Path, observers=(), **options) -> Run:
    chosen = TINY | {"epochs": 4, "threads": 1} | options
    return lo.train("adding", plugin_file=ADDING, runs=runs, observers=observers, **chosen)


class StopAfter(Observer):
    """Presses Ctrl-C in the middle of the epoch after `epoch`, or right after it."""

    def __init__(self, epoch: int, batch: int | None) -> None:
        self.epoch, self.batch = epoch, batch

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        if epoch == self.epoch + 1 and batch == self.batch:
            raise KeyboardInterrupt

    def epoch_ended(self, row: Row, is_best: bool) -> None:
        if row["epoch"] == self.epoch and self.batch is None:
            raise KeyboardInterrupt


def assert_same_weights(a: Run, b: Run) -> None:
    one, other = load_file(a.weights), load_file(b.weights)
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def without_times(history: list[Row]) -> list[Row]:
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


@pytest.mark.parametrize(("epoch", "batch"), [(0, 1), (1, None), (2, 3)], ids=["first-step", "between", "mid-epoch"])
def test_resumed_run_equals_uninterrupted_run(tmp_path: Path, epoch: int, batch: int | None) -> None:
    whole = train(tmp_path / "whole")
    with pytest.raises(Interrupted, match=f"stopped after epoch {epoch} of 4.*--resume"):
        train(tmp_path / "cut", StopAfter(epoch, batch))
    folder = next((tmp_path / "cut").iterdir())
    assert open_run(folder).record.status == "interrupted"
    resumed = lo.resume(folder)
    assert_same_weights(whole, resumed)
    assert without_times(whole.history.to_dicts()) == without_times(resumed.history.to_dicts())
    assert whole.record.scores == resumed.record.scores


def test_averaged_weights_are_validated_kept_and_resumed(tmp_path: Path) -> None:
    plain = train(tmp_path / "plain")
    whole = train(tmp_path / "whole", average=0.5)
    assert plain.history["train_loss"].equals(whole.history["train_loss"])  # learnt as ever
    assert not plain.history["validation_loss"].equals(whole.history["validation_loss"])
    with pytest.raises(Interrupted):
        train(tmp_path / "cut", StopAfter(2, 3), average=0.5)
    resumed = lo.resume(next((tmp_path / "cut").iterdir()))
    assert_same_weights(whole, resumed)
    assert without_times(whole.history.to_dicts()) == without_times(resumed.history.to_dicts())


def test_averages_are_of_a_share_of_the_steps() -> None:
    assert TrainingOptions().average_decay(3000) == 0
    assert TrainingOptions(average=1 / 3).average_decay(3000) == pytest.approx(0.999)
    assert TrainingOptions(average=0.1).average_decay(5) == 0  # of less than a step: the newest weights


def test_killed_run_resumes_to_the_same_result(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", epochs=120, patience=120)
    options = [f"--{name}={value}" for name, value in TINY.items()]
    command = [sys.executable, "-m", "lstm_onnx", "train", "--plugin=adding", f"--plugin-file={ADDING}"]
    child = subprocess.Popen(
        [*command, *options, "--epochs=120", "--patience=120", "--threads=1", "--json", f"--runs={tmp_path / 'cut'}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    for line in child.stdout:
        if json.loads(line).get("epoch") == 3:
            break
    time.sleep(0.05)  # somewhere in a later epoch
    os.kill(child.pid, signal.SIGKILL)
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    folder = next((tmp_path / "cut").iterdir())
    assert open_run(folder).record.status == "training"
    resumed = lo.resume(folder)
    assert resumed.history.height == 120
    assert_same_weights(whole, resumed)


def test_interrupted_run_keeps_the_best_weights_and_exports(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match="best weights"):
        train(tmp_path, StopAfter(2, None))
    run = newest_run(tmp_path)
    assert lo.export(run, tmp_path / "early.onnx").contract.scores is None


def test_run_without_a_finished_epoch_does_not_export(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match="nothing is lost"):
        train(tmp_path, StopAfter(0, 1))
    with pytest.raises(lo.UserError, match="first epoch never ended; go on with: lstm-onnx train --resume"):
        lo.export(newest_run(tmp_path), tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_same_seed_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    first, second = train(tmp_path, epochs=1), train(tmp_path, epochs=1)
    assert first.folder != second.folder
    assert_same_weights(first, second)
    other = load_file(train(tmp_path, epochs=1, seed=1).weights)
    assert any(not np.array_equal(value, other[name]) for name, value in load_file(first.weights).items())


def test_training_stops_when_validation_no_longer_improves(tmp_path: Path) -> None:
    run = train(tmp_path, epochs=40, patience=2, learning_rate=0.5, clip=0, schedule="constant")
    scores = run.history["mse"].to_list()
    best = int(np.argmin(scores)) + 1
    assert run.record.best_epoch == best
    assert run.record.epochs_done == best + 2 < 40


def test_finished_run_is_not_resumed(adding_run: Run) -> None:
    with pytest.raises(lo.UserError, match="finished, there is nothing to resume"):
        lo.resume(adding_run.folder)


def test_exploding_loss_is_named(tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=r"loss became (nan|inf) in epoch 1, step \d+; lower --learning-rate"):
        train(tmp_path, learning_rate=1e38, clip=0, warmup=0)


def test_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, StopAfter(1, None))
    run = newest_run(tmp_path)
    run.checkpoint.write_bytes(run.checkpoint.read_bytes()[:100])
    with pytest.raises(lo.UserError, match=r"checkpoint\.safetensors: damaged"):
        lo.resume(run.folder)


def test_unknown_option_suggests_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(
        lo.UserError, match="'hiden' is not an option of the task adding or of training; did you mean 'hidden'"
    ):
        train(tmp_path, hiden=3)
    with pytest.raises(lo.UserError, match=r"--epochs 0: input should be greater than or equal to 1"):
        train(tmp_path, epochs=0)


def test_cuda_without_a_device_is_refused(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(lo.UserError, match="finds no CUDA device"):
        train(tmp_path, device="cuda")


def test_learning_rate_warms_up_and_falls_as_half_a_cosine() -> None:
    settings = TrainingOptions(learning_rate=0.1, warmup=0.1, schedule="cosine")
    rates = [settings.rate(step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.01 * k for k in range(1, 11)])
    assert rates[10] == pytest.approx(0.1)
    assert rates[55] == pytest.approx(0.05 * (1 + math.cos(math.pi * 0.5)))
    assert rates[99] < 1e-4
    constant = TrainingOptions(learning_rate=0.1, warmup=0, schedule="constant")
    assert {constant.rate(step, 100) for step in range(100)} == {0.1}


def test_newest_run_and_wrong_folders(tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match="there is no run in it yet"):
        newest_run(tmp_path)
    run = train(tmp_path, epochs=1)
    with pytest.raises(lo.UserError, match=r"not a run folder.*did you mean 'adding'"):
        open_run(tmp_path / "ading")
    (run.folder / "run.json").write_text('{"version": 1}')
    with pytest.raises(lo.UserError, match=r"run\.json: broken at 'name'"):
        open_run(run.folder)


def test_a_run_reads_back_as_it_was_written(adding_run: Run) -> None:
    again = open_run(adding_run.folder)
    assert again.record == adding_run.record
    assert again.history["epoch"].to_list() == [1, 2]
    assert not adding_run.checkpoint.exists()
    assert sorted(p.name for p in adding_run.folder.iterdir()) == [
        "examples.npz",
        "history.csv",
        "plots",
        "run.json",
        "weights.safetensors",
    ]
