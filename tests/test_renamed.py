"""A plugin written for release 0.1 still works, with a warning for each name that has changed since."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lstm_onnx as lo
from lstm_onnx import plugin, renamed

OLD = '''"""Learns the last number of a sequence."""

import numpy as np
from lstm_onnx import ArraySplit, Axis, GraphSpec, Headline, Lengths, Task, TaskData, Tensor, hookimpl
from pydantic import BaseModel, Field


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(3, description="units of the LSTM")


class Info(BaseModel):
    pass


def draw(random, count, longest=5):
    lengths = random.integers(1, longest + 1, count)
    numbers = random.random((count, longest, 1)).astype(np.float32)
    return {"numbers": numbers, "lengths": lengths, "last": numbers[np.arange(count), lengths - 1, 0]}


class Last(Task[Config, Info]):
    name = "last"
    summary = "tells the last number"
    headline = Headline("mse", better="lower")
    Config = Config
    Info = Info

    def load_data(self, source, config, seed):
        random = np.random.default_rng(seed)
        return TaskData(*(ArraySplit(**draw(random, n)) for n in (64, 32, 32)), Info(), "sequences")

    def build_model(self, config, info):
        from lstm_onnx.layers import LSTM
        from torch import nn

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = LSTM(1, config.hidden)
                self.head = nn.Linear(config.hidden, 1)

            def forward(self, numbers, lengths):
                return (self.head(self.lstm.hidden_states(numbers, lengths)[1][0]).squeeze(1),)

        return Network()

    def loss(self, model, batch):
        return (model(batch["numbers"], batch["lengths"])[0] - batch["last"]).square().mean()

    def metrics(self, outputs, batch, config):
        return {"mse": (np.square(outputs["guess"] - batch["last"]).sum(), len(batch["last"]))}

    def graphs(self, model, config, info):
        steps = Lengths(axis="time", min=1)
        numbers = Tensor(name="numbers", dtype="float32", dims=("batch", "time", "one"), meaning="the sequence")
        lengths = Tensor(name="lengths", dtype="int64", dims=("batch",), meaning="how many", source=steps)
        guess = Tensor(name="guess", dtype="float32", dims=("batch",), meaning="the last", detail=False)
        axes = {"batch": Axis(), "time": Axis(typical=4), "one": Axis(size=1)}
        return [GraphSpec(model, (numbers, lengths), (guess,), axes, "The last number.")]

    def sample(self, graph, sizes, seed):
        drawn = draw(np.random.default_rng(seed), sizes["batch"], sizes["time"])
        return {"numbers": drawn["numbers"], "lengths": drawn["lengths"]}


@hookimpl
def lstm_onnx_tasks():
    return [Last()]
'''


@pytest.mark.filterwarnings("always::DeprecationWarning")
def test_a_plugin_of_release_0_1_trains_and_exports(tmp_path: Path) -> None:
    file = tmp_path / "last.py"
    file.write_text(OLD)
    with pytest.warns(DeprecationWarning) as told:
        run = lo.train("last", plugin_file=file, runs=tmp_path / "runs", epochs=1)
        made = run.export(tmp_path / "last.onnx")
    assert made.contract.axes["time"].example_size == 4 and not made.contract.outputs[0].internal
    said = {str(w.message).split(" now")[0] for w in told}
    assert {
        "lstm_onnx.Headline is lstm_onnx.plugin.PrimaryMetric",
        "lstm_onnx.Tensor is lstm_onnx.plugin.TensorSpec",
        "lstm_onnx.Axis is lstm_onnx.plugin.Axis",
        "lstm_onnx.layers is lstm_onnx.nn.lstm",
        "Last.headline is Last.primary_metric",
    } <= said


def test_old_names_are_the_new_ones() -> None:
    for name in (*renamed.NAMES, *renamed.MOVED):
        with pytest.warns(DeprecationWarning, match=f"lstm_onnx.{name} is lstm_onnx.plugin."):
            found = getattr(lo, name)
        new = getattr(plugin, renamed.NAMES.get(name, name))
        assert found is new or name in ("Axis", "Headline", "Stage", "Tensor")
    with pytest.warns(DeprecationWarning, match=r"lstm_onnx\.contract\.Picture"):
        from lstm_onnx.contract import Picture  # type: ignore[attr-defined]
    assert Picture is plugin.ImageSource
    with pytest.raises(ImportError, match="Clok"):
        from lstm_onnx.contract import Clok  # type: ignore[attr-defined]  # noqa: F401


@pytest.mark.parametrize("old", renamed.MODULES)
def test_old_modules_are_found(old: str) -> None:
    code = (
        f"import lstm_onnx.{old}, lstm_onnx.{renamed.MODULES[old]} as new; print(vars(lstm_onnx.{old}).keys() >= "
        + ("{n for n in vars(new) if not n.startswith('__')})")
    )
    done = subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
    assert f"lstm_onnx.{old} is lstm_onnx.{renamed.MODULES[old]} now" in done.stderr
