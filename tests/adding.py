"""The adding problem of Hochreiter and Schmidhuber (1997) without features: a `Task` that makes its own graphs.

Each step has a number from 0 to 1 and a marker; exactly two steps are marked. The answer is the sum of the two marked
numbers. Sequences differ in length. Always saying 1.0 gives a mean squared error of 0.167.
"""

import numpy as np
from pydantic import BaseModel, Field

from lstm_onnx.plugin import (
    ArraySplit,
    Axis,
    GraphSpec,
    LengthsSource,
    PrimaryMetric,
    StateSpec,
    Stream,
    Task,
    TaskData,
    TensorSpec,
    hookimpl,
)


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(32, ge=1, description="units of the LSTM")
    longest: int = Field(20, ge=2, description="steps of the longest sequence")
    count: int = Field(8000, ge=1, description="sequences to train on")


class Info(BaseModel):
    """This task learns nothing from its data but the weights."""


def draw(random, count, longest):
    """Make `count` sequences of 2 to `longest` steps, with their answers."""
    lengths = random.integers(2, longest + 1, size=count)
    pairs = np.zeros((count, longest, 2), np.float32)
    pairs[:, :, 0] = random.random((count, longest))
    order = np.where(np.arange(longest) < lengths[:, None], random.random((count, longest)), 2).argsort(axis=1)
    rows = np.arange(count)[:, None]
    pairs[rows, order[:, :2], 1] = 1
    return {"pairs": pairs, "lengths": lengths, "answer": pairs[rows, order[:, :2], 0].sum(axis=1)}


class Adding(Task[Config, Info]):
    name = "adding"
    summary = "adds the two marked numbers of a sequence"
    primary_metric = PrimaryMetric("mse", mode="min")
    Config = Config
    Info = Info

    def load_data(self, source, config, seed):
        random = np.random.default_rng(seed)
        train, validation, test = (ArraySplit(**draw(random, n, config.longest)) for n in (config.count, 1000, 1000))
        return TaskData(train, validation, test, Info(), f"{config.count:,} sequences drawn with seed {seed}")

    def build_model(self, config, info):
        from torch import nn

        from lstm_onnx.nn.lstm import LSTM

        class Adder(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = LSTM(2, config.hidden)
                self.head = nn.Linear(config.hidden, 1)

            def forward(self, pairs, lengths):
                _, last = self.lstm.hidden_states(pairs, lengths)  # (1, batch, hidden)
                return (self.head(last[0]).squeeze(1),)

        return Adder()

    def loss(self, model, batch):
        (total,) = model(batch["pairs"], batch["lengths"])
        return (total - batch["answer"]).square().mean()

    def metrics(self, outputs, batch, config):
        return {"mse": (np.square(outputs["total"] - batch["answer"]).sum(), len(batch["answer"]))}

    def baselines(self, config, info):
        return {"always 1": lambda batch: {"total": np.ones(len(batch["answer"]))}}

    def graphs(self, model, config, info):
        return [
            GraphSpec(
                module=model,
                inputs=(
                    TensorSpec(
                        name="pairs", dtype="float32", dims=("batch", "time", "pair"), meaning="numbers and markers"
                    ),
                    TensorSpec(
                        name="lengths",
                        dtype="int64",
                        dims=("batch",),
                        meaning="steps of each sequence",
                        source=LengthsSource(axis="time", min=0),
                    ),
                ),
                outputs=(
                    TensorSpec(name="total", dtype="float32", dims=("batch",), meaning="sum of the marked numbers"),
                ),
                axes={
                    "batch": Axis(),
                    "time": Axis(min=2, example_size=config.longest),
                    "pair": Axis(size=2, labels=("number", "marker")),
                },
                description="Adds the two marked numbers of each sequence.",
            )
        ]

    def streaming(self, model, config, info):
        from torch import nn

        class Running(nn.Module):
            def __init__(self):
                super().__init__()
                self.adder = model

            def forward(self, pairs, hidden, cell):
                _, (hidden, cell) = self.adder.lstm(pairs, state=(hidden, cell))
                return self.adder.head(hidden[0]).squeeze(1), hidden, cell

        (main,) = self.graphs(model, config, info)
        before, after = (
            [
                TensorSpec(name=n, dtype="float32", dims=("layer", "batch", "unit"), meaning="what the LSTM remembers")
                for n in names
            ]
            for names in (("hidden", "cell"), ("hidden_out", "cell_out"))
        )
        return GraphSpec(
            module=Running(),
            inputs=(main.inputs[0], *before),
            outputs=(*main.outputs, *after),
            axes=main.axes
            | {"layer": Axis(size=1), "unit": Axis(size=config.hidden), "time": Axis(example_size=config.longest)},
            description="Adds the marked numbers so far.",
            states=(StateSpec(output="hidden_out", input="hidden"), StateSpec(output="cell_out", input="cell")),
            stream=Stream(axis="time"),
        )

    def sample(self, graph, sizes, seed):
        drawn = draw(np.random.default_rng(seed), sizes["batch"], max(2, sizes["time"]))
        return {"pairs": drawn["pairs"][:, : sizes["time"]], "lengths": drawn["lengths"]}


@hookimpl
def lstm_onnx_tasks():
    return [Adding()]
