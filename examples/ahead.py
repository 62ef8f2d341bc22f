"""A forecaster in one file: the newest rows of a series in, the next steps with an interval out.

It draws the hours of a few shops, busy by day and closed at weekends, or reads the second column of a table whose first
holds the times. Scaling, calendar times of the steps ahead, quantiles, samples and the streaming graph are
derived.

    lstm-onnx train --plugin-file examples/ahead.py --epochs 4
"""

import numpy as np
from pydantic import BaseModel, Field

from lstm_onnx.data.tables import read_table
from lstm_onnx.data.time_series import Series as Rows
from lstm_onnx.data.time_series import regular_series
from lstm_onnx.plugin import Ahead, FeatureTask, PrimaryMetric, Series, Step, Table, hookimpl, series_examples

HOUR = Step(seconds=3600)


class Config(BaseModel, extra="forbid"):
    hidden: int = Field(32, ge=1, description="units of the LSTM")
    window: int = Field(48, ge=1, description="rows to look at")
    horizon: int = Field(24, ge=1, description="rows to forecast")
    weeks: int = Field(12, ge=4, description="weeks to draw, where no table is given")


def shop(number, weeks, random):
    """Draw the customers of each hour."""
    hour = np.arange(168 * weeks)
    is_open = (hour % 24 > 7) & (hour % 24 < 20) & (hour // 24 % 7 < 5)
    customers = 20 * number * is_open * (1 + np.sin(2 * np.pi * (hour % 24 - 8) / 24)) + random.normal(0, 1, len(hour))
    return Rows(f"shop {number}", 1_700_000_000 // 86400 * 86400 + 3600 * hour, customers[:, None])


class Forecast(FeatureTask[Config]):
    name = "ahead"
    summary = "forecasts the next steps of a series"
    primary_metric = PrimaryMetric("mase")
    Config = Config
    streams = True

    def read(self, source, options, random):
        if source is None:
            found, step = [shop(k, options.weeks, random) for k in (1, 2, 3)], HOUR
            table = Table(time="time", series="shop", step=step)
            column = "customers"
        else:
            frame = read_table(source)
            time, column = frame.columns[:2]
            regular = regular_series(frame, source, time=time, columns=[column])
            found, step, table = regular.series, regular.step, Table(time=time, step=regular.step)
        series = Series(
            name="series", target=(column,), step=step, window=options.window, horizon=options.horizon, scaling="global"
        )
        ahead = Ahead(name="forecast", along="series", quantiles=(0.1, 0.9))
        return series_examples(found, series, ahead, table, where=source or "read")

    def module(self, options, features):
        import torch
        from torch import nn

        from lstm_onnx.nn.lstm import LSTM

        class Forecaster(nn.Module):
            def __init__(self):
                super().__init__()
                self.lstm = LSTM(features["series"].size + 2, options.hidden)
                self.head = nn.Linear(options.hidden, options.horizon * features["forecast"].width)

            def forward(self, series, state=None):
                angle = series.time.remainder(86400).unsqueeze(2) * (2 * torch.pi / 86400)  # of the hour of the day
                seen = torch.cat([series.values, series.known, angle.sin(), angle.cos()], dim=2)
                states, after = self.lstm(seen, None, state)  # (batch, time, hidden)
                return {"forecast": self.head(states[:, -1]).unflatten(1, (options.horizon, -1))}, after

        return Forecaster()


@hookimpl
def lstm_onnx_tasks():
    return [Forecast()]
