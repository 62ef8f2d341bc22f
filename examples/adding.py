"""A whole plugin in one file: the adding problem of Hochreiter and Schmidhuber (1997).

Each step has a number from 0 to 1 and a marker; exactly two steps are marked. The answer is the sum of the two marked
numbers. Sequences differ in length. Always saying 1.0 gives a mean squared error of 0.167.

    lstm-onnx train --plugin adding --plugin-file examples/adding.py
"""

import numpy as np
from pydantic import BaseModel, Field

from lstm_onnx.plugin import Examples, FeatureTask, Number, PrimaryMetric, Rows, hookimpl, metrics


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(32, ge=1, description="units of the LSTM")
    longest: int = Field(20, ge=2, description="steps of the longest sequence")
    count: int = Field(8000, ge=1, description="sequences to train on")


def draw(random, longest):
    """Make a sequence of 2 to `longest` steps, and its answer."""
    pairs = np.zeros((random.integers(2, longest + 1), 2), np.float32)
    pairs[:, 0] = random.random(len(pairs))
    pairs[random.permutation(len(pairs))[:2], 1] = 1
    return pairs, pairs[pairs[:, 1] == 1, 0].sum()


class Adding(FeatureTask[Config]):
    name = "adding"
    summary = "adds the two marked numbers of a sequence"
    primary_metric = PrimaryMetric("mse", mode="min")
    Config = Config
    streams = True

    def inputs(self, options):
        return [Rows(name="pairs", columns=("number", "marker"), shortest=2, meaning="numbers and markers")]

    def outputs(self, options):
        return [Number(name="total", meaning="sum of the marked numbers")]

    def read(self, source, options, random):
        parts = ["train"] * options.count + ["validation"] * 1000 + ["test"] * 1000
        pairs, total = zip(*(draw(random, options.longest) for _ in parts), strict=True)
        return Examples({"pairs": pairs, "total": total}, part=parts)

    def scores(self, options, outputs):
        return [metrics.mse("total")]

    def module(self, options, features):
        from torch import nn

        from lstm_onnx.nn.lstm import LSTM

        class Adder(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = LSTM(features["pairs"].size, options.hidden)
                self.head = nn.Linear(options.hidden, features["total"].width)

            def forward(self, pairs, lengths, state):
                _, state = self.lstm(pairs, lengths, state)  # hidden and cell, each (1, batch, hidden)
                return {"total": self.head(state[0][0])}, state

        return Adder()


@hookimpl
def lstm_onnx_tasks():
    return [Adding()]
