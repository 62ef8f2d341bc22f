"""`--refit` also learns from the validation part, for as many steps as that told, and keeps what it calibrated."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import load_file

import lstm_onnx as lo
from lstm_onnx.data.splits import ArraySplit, RaggedSplit
from lstm_onnx.errors import Interrupted, UserError
from lstm_onnx.training.observers import Observer
from lstm_onnx.training.refit import Both
from tests.conftest import ADDING

SMALL = {"hidden": 4, "longest": 6, "count": 96, "epochs": 3, "threads": 1}


class _Steps(Observer):
    """Counts the steps of the refit, and may stop as Ctrl-C does."""

    def __init__(self, stop_at: int = 0) -> None:
        self.steps: list[tuple[int, int]] = []
        self.stop_at = stop_at

    def refitted(self, step: int, steps: int, loss: float) -> None:
        self.steps.append((step, steps))
        if step == self.stop_at:
            raise KeyboardInterrupt


@pytest.mark.parametrize("shuffle", [None, 3])
def test_both_parts_are_handed_out_once_an_epoch(shuffle: int | None) -> None:
    lengths = np.arange(5) % 3 + 1
    ragged = RaggedSplit({"x": [np.full(n, 100 + i) for i, n in enumerate(lengths)]}, {"number": np.arange(100, 105)})
    both = Both(ArraySplit(x=np.zeros((13, 2)), number=np.arange(13)), ragged)
    assert len(both) == 18
    for size in (1, 4, 50):
        drawn = np.random.default_rng(shuffle) if shuffle is not None else None
        batches = list(both.batches(size, drawn))
        found = Counter(int(n) for batch in batches for n in batch["number"])
        assert found == Counter([*range(13), *range(100, 105)])
    assert drawn is None or [len(b["number"]) for b in both.batches(1, drawn)] == [1] * 18


def test_it_makes_the_steps_of_the_best_epoch_with_other_weights_and_the_same_each_time(tmp_path: Path) -> None:
    plain = lo.train("adding", plugin_file=ADDING, runs=tmp_path, **SMALL)
    watch = _Steps()
    run = lo.train("adding", plugin_file=ADDING, runs=tmp_path, refit=True, observers=watch, **SMALL)
    assert run.record.best_epoch == plain.record.best_epoch
    rows = run.history.drop("seconds")
    assert rows.equals(plain.history.drop("seconds"))  # how the budget is found is as ever
    steps = run.record.best_epoch * -(-int(run.record.summary.split()[0]) // run.record.training.batch_size)
    assert watch.steps == [(k + 1, steps) for k in range(steps)]
    assert run.record.notes[-1].endswith(f"for {steps} steps")
    weights = load_file(run.weights)
    assert any(not np.array_equal(a, weights[n]) for n, a in load_file(plain.weights).items())

    with pytest.raises(Interrupted):
        lo.train("adding", plugin_file=ADDING, runs=tmp_path, name="cut", refit=True, observers=_Steps(2), **SMALL)
    again = lo.resume(tmp_path / "cut")
    for name, array in load_file(again.weights).items():
        np.testing.assert_array_equal(array, weights[name], err_msg=name)
    assert again.scores == run.scores and again.record.notes[-1] == run.record.notes[-1]


def test_a_small_set_keeps_a_part_for_it_and_the_temperature_stays(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    label = np.array(["low", "high"] * 40)
    table = pl.DataFrame({f"t{k}": random.normal(size=80) + (label == "high") for k in range(8)} | {"label": label})
    run = lo.train("classification", table, runs=tmp_path, refit=True, hidden=4, epochs=2, threads=1)
    assert "validation_loss" in run.history.columns and run.record.training.hold_out
    temperature = {n: a for n, a in load_file(run.weights).items() if n.endswith("temperature")}
    assert temperature and all(float(a) != 1.0 for a in temperature.values())
    with pytest.raises(UserError, match=r"^--refit: begins with fresh weights.*leave one of the two out$"):
        lo.train("classification", table, runs=tmp_path, start=run, refit=True)
