"""A plugin whose stream takes bytes: how much of a text is upper case, so far."""

import numpy as np
from pydantic import BaseModel

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
    TextSource,
    hookimpl,
)

HIDDEN = 4


class Config(BaseModel, extra="forbid"):
    pass


class Info(BaseModel):
    pass


def draw(random, count, longest=9):
    lengths = random.integers(1, longest + 1, size=count)
    found = random.integers(65, 123, size=(count, longest)).astype(np.uint8)
    inside = np.arange(longest) < lengths[:, None]
    share = ((found < 91) & inside).sum(axis=1) / lengths
    return {"bytes": np.where(inside, found, 0).astype(np.uint8), "lengths": lengths, "answer": share.astype("f")}


class Shouting(Task[Config, Info]):
    name = "shouting"
    summary = "says how much of a text is upper case"
    primary_metric = PrimaryMetric("mse")
    Config = Config
    Info = Info

    def load_data(self, source, config, seed):
        random = np.random.default_rng(seed)
        train, validation, test = (ArraySplit(**draw(random, n)) for n in (128, 32, 32))
        return TaskData(train, validation, test, Info(), "texts")

    def build_model(self, config, info):
        from torch import nn

        from lstm_onnx.nn.lstm import LSTM

        class Model(nn.Module):
            def __init__(self):
                super().__init__()
                self.table, self.lstm, self.head = nn.Embedding(256, 8), LSTM(8, HIDDEN), nn.Linear(HIDDEN, 1)

            def forward(self, bytes, lengths):
                _, hidden = self.lstm.hidden_states(self.table(bytes.long()), lengths)
                return (self.head(hidden[0]).squeeze(1),)

        return Model()

    def loss(self, model, batch):
        (share,) = model(batch["bytes"], batch["lengths"])
        return ((share - batch["answer"]) ** 2).mean()

    def metrics(self, outputs, batch, config):
        return {"mse": (float(((outputs["share"] - batch["answer"]) ** 2).sum()), len(batch["answer"]))}

    def graphs(self, model, config, info):
        text = TensorSpec(
            name="bytes", dtype="uint8", dims=("batch", "byte"), meaning="a text", source=TextSource(column="text")
        )
        lengths = TensorSpec(
            name="lengths", dtype="int64", dims=("batch",), meaning="bytes", source=LengthsSource(axis="byte")
        )
        share = TensorSpec(name="share", dtype="float32", dims=("batch",), meaning="share of upper case")
        axes = {"batch": Axis(), "byte": Axis(example_size=9)}
        return [GraphSpec(module=model, inputs=(text, lengths), outputs=(share,), axes=axes, description="Shouting.")]

    def streaming(self, model, config, info):
        from torch import nn

        class Running(nn.Module):
            def __init__(self):
                super().__init__()
                self.model = model

            def forward(self, hidden, cell, bytes):
                _, (hidden, cell) = self.model.lstm(self.model.table(bytes.long()), state=(hidden, cell))
                return self.model.head(hidden[0]).squeeze(1), hidden, cell

        (main,) = self.graphs(model, config, info)
        dims = ("layer", "batch", "unit")
        before, after = (
            [TensorSpec(name=n, dtype="float32", dims=dims, meaning="what the LSTM remembers") for n in names]
            for names in (("hidden", "cell"), ("hidden_out", "cell_out"))
        )
        return GraphSpec(
            module=Running(),
            inputs=(*before, main.inputs[0]),
            outputs=(*main.outputs, *after),
            axes=main.axes | {"layer": Axis(size=1), "unit": Axis(size=HIDDEN)},
            description="Shouting so far.",
            states=(StateSpec(output="hidden_out", input="hidden"), StateSpec(output="cell_out", input="cell")),
            stream=Stream(axis="byte"),
        )

    def sample(self, graph, sizes, seed):
        made = draw(np.random.default_rng(seed), sizes["batch"], sizes["byte"])
        return {"bytes": made["bytes"], "lengths": made["lengths"]}


@hookimpl
def lstm_onnx_tasks():
    return [Shouting()]
