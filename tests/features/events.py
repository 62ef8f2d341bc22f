"""A plugin for the tests: a number and a word at each step go in, and the sum where the word says so comes out."""

from typing import ClassVar

import numpy as np
from pydantic import BaseModel, Field

from lstm_onnx.plugin import Examples, FeatureTask, Labels, Number, PrimaryMetric, Rows, Table, hookimpl

STATES = ("off", "on", "standby")


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(12, ge=1, description="units of the LSTM")
    count: int = Field(300, ge=40, description="sequences to draw")


class Events(FeatureTask[Config]):
    name = "events"
    summary = "adds what was measured while it was on"
    primary_metric = PrimaryMetric("rmse", mode="min")
    Config = Config
    training: ClassVar = {"learning_rate": 0.02}
    streams = True

    def inputs(self, options):
        return [Rows(name="power", columns=("watt",)), Labels(name="mode", along="power", column="what it does")]

    def outputs(self, options):
        return [Number(name="used")]

    def read(self, source, options, random):
        steps = random.integers(1, 9, options.count)
        power = [random.uniform(0, 10, size=(n, 1)) for n in steps]
        state = [[str(s) for s in random.choice(STATES, n)] for n in steps]
        used = [float(p[np.array(s) == "on"].sum()) for p, s in zip(power, state, strict=True)]
        return Examples({"power": power, "mode": state, "used": used}, table=Table(series="run"))

    def module(self, options, features):
        import torch
        from torch import nn
        from torch.nn.functional import one_hot

        from lstm_onnx.nn.lstm import LSTM

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = LSTM(features["power"].size + features["mode"].size, options.hidden)
                self.head = nn.Linear(options.hidden, 1)

            def forward(self, power, lengths, mode, state):
                seen = torch.cat([power, one_hot(mode, features["mode"].size).to(power.dtype)], dim=2)
                _, after = self.lstm(seen, lengths, state)
                return {"used": self.head(after[0][0])}, after

        return Network()


@hookimpl
def lstm_onnx_tasks():
    return [Events()]
