"""A plugin for the tests: sequences, a number and two categories go in; a category and a number come out."""

import numpy as np
from pydantic import BaseModel, Field

from lstm_onnx.plugin import Category, Examples, FeatureTask, Number, PrimaryMetric, Rows, Table, hookimpl

LEVEL = {"ant": 50.0, "bee": 60.0, "cow": 70.0}


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(8, ge=1, description="units of the LSTM")


class Machines(FeatureTask[Config]):
    name = "machines"
    summary = "says which machine ran, and how hot"
    primary_metric = PrimaryMetric("machine_accuracy", mode="max")
    Config = Config
    streams = True

    def inputs(self, options):
        return [
            Rows(name="sensor", columns=("noise", "drift")),
            Number(name="age", unit="years"),
            Category(name="site"),
            Category(name="model", column="model number"),
        ]

    def outputs(self, options):
        return [Category(name="machine"), Number(name="heat", unit="K")]

    def read(self, source, options, random):
        count = 240
        machine = [str(m) for m in random.choice(list(LEVEL), count)]
        steps = random.integers(1, 9, count)
        sensor = [LEVEL[m] + random.normal(size=(n, 2)) for m, n in zip(machine, steps, strict=True)]
        sensor[3][0, 0] = np.nan
        age = random.integers(1, 30, count).astype(float)
        heat = 300 + age
        age[5] = np.nan
        columns = {"sensor": sensor, "age": age, "machine": machine, "heat": heat}
        columns["site"] = [str(s) for s in random.choice(["north", "south"], count)]
        columns["model"] = [int(s) for s in random.choice([7, 9, 30], count)]
        return Examples(columns, together=[f"shop {k % 40}" for k in range(count)], table=Table(series="run"))

    def module(self, options, features):
        import torch
        from torch import nn

        from lstm_onnx.nn.lstm import LSTM

        class Network(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = LSTM(features["sensor"].size, options.hidden)
                self.site, self.model = (nn.Embedding(features[name].size, 3) for name in ("site", "model"))
                width = options.hidden + 6 + features["age"].size
                self.machine, self.heat = nn.Linear(width, features["machine"].width), nn.Linear(width, 1)

            def forward(self, sensor, lengths, age, site, model, state):
                _, lstm = self.lstm(sensor, lengths, None if state is None else state["lstm"])
                seen = torch.cat([lstm[0][0], age, self.site(site), self.model(model)], dim=1)
                return {"heat": self.heat(seen), "machine": self.machine(seen)}, {"lstm": lstm}

        return Network()


@hookimpl
def lstm_onnx_tasks():
    return [Machines()]
