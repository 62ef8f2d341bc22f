"""Forecasting as a task on features: what the core asks, answered. Imports torch only where it trains or exports."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Contract
from lstm_onnx.data.frequency import step_text
from lstm_onnx.features.examples import Examples
from lstm_onnx.features.graphs import Remembered
from lstm_onnx.features.learnt import Learnt
from lstm_onnx.features.series import Series
from lstm_onnx.features.series_windows import Windows
from lstm_onnx.features.task import FeatureTask
from lstm_onnx.task import Answer, Arrays, DataSet, PrimaryMetric, Task, Totals
from lstm_onnx_forecasting import metrics, options

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import nn


class Forecasting(FeatureTask[options.Config]):
    """The next steps of one or many time series."""

    name = "forecasting"
    summary = "the next steps of one or many time series, with intervals if asked"
    primary_metric = PrimaryMetric("mase", mode="min", fallback="pinball")
    Config = options.Config
    Info = options.Info
    training: ClassVar[dict[str, Any]] = {}
    small: ClassVar[dict[str, Any]] = {"hidden": 8, "window": 12}
    streams = True
    in_pieces = False  # it lays series out in files in its own way, whatever the order of their rows

    def read_scored(self, source: Path, options: options.Config, learnt: Learnt) -> Examples:
        """Read other data, with every forecast that it allows."""
        from lstm_onnx_forecasting.data import read_scored

        assert isinstance(learnt, self.Info)
        return read_scored(source, options, learnt)

    def data_sets(self) -> tuple[DataSet, ...]:
        """Hourly traffic on a motorway."""
        from lstm_onnx_forecasting.data import TRAFFIC

        return (TRAFFIC,)

    def read(self, source: Path | None, options: options.Config, random: np.random.Generator) -> Examples:
        """Read a table and cut it into windows; see `lstm_onnx_forecasting.data`."""
        from lstm_onnx_forecasting.data import read

        return read(source, options)

    def budget(self, config: options.Config, examples: int, batch_size: int) -> Mapping[str, Any]:
        """A fixed number of steps for many short series."""
        from lstm_onnx_forecasting.recipe import budget

        return budget(config, examples, batch_size)

    def shares(self, options: options.Config) -> tuple[float, float]:
        """Parts are cut by time; nothing is drawn."""
        return 0.0, 0.0

    def learn(self, fitted: Learnt, known: Mapping[str, Sequence[Any]], options: options.Config) -> options.Info:
        """Add the season, and how long the training part is."""
        series = known["series"]
        assert isinstance(series, Windows)
        span = series.store.scales.span // series.store.step.per_second
        return self.Info(**dict(fitted), season=options.season, span=span, fills_holes=True)

    def describe(self, learnt: Learnt) -> str:
        """Say what is forecast, how far, and from what."""
        series = learnt["series"]
        assert isinstance(series, Series)
        return (
            f"Forecasts {', '.join(series.target)} {series.horizon} steps of {step_text(series.step)} ahead from the "
            f"last {series.window} steps."
        )

    def module(self, options: options.Config, features: Learnt) -> nn.Module:
        """Make a fresh forecaster."""
        from lstm_onnx_forecasting.model import Forecaster

        assert isinstance(features, self.Info)
        return Forecaster(options, features)

    def whole(self, options: options.Config, features: Learnt) -> str | None:
        """Say why there is no stream where each window is scaled by itself."""
        if options.scaling != "window":
            return None
        return (
            "the variant streaming: this forecaster scales each window by its own mean (--scaling window), and a "
            "stream has no window; train it with --scaling global"
        )

    def remembered(self, options: options.Config) -> Mapping[str, Remembered]:
        """Describe the memory of a stream."""
        from lstm_onnx_forecasting.model import MEMORY

        return MEMORY

    def totals(self, outputs: Arrays, batch: Arrays, config: options.Config, info: Learnt) -> Totals:
        """Add up `metrics`."""
        return self.metrics(outputs, batch, config)

    def metrics(self, outputs: Arrays, batch: Arrays, config: options.Config) -> Totals:
        """MAE, MSE, sMAPE and MASE of the point forecast; pinball loss and coverage of the quantiles.

        Of several targets, what has their unit is told of each, as their sum would be of apples and pears.
        """
        actual = metrics.scored_truth(batch["actual"], batch["values"])
        names = config.target if config.columns == "variables" else ()
        totals = metrics.point_totals(outputs["forecast"], actual, batch["mase_scale"], names)
        if "quantiles" in outputs:
            totals |= metrics.quantile_totals(outputs["quantiles"], actual, config.quantiles, names)
        return totals

    def finish(self, totals: Totals) -> dict[str, float]:
        """Add the RMSE, the root of the mean squared error over all."""
        figures = Task.finish(self, totals)
        squares = [name for name in figures if name.startswith("mse")]
        return {f"r{name}": math.sqrt(figures[name]) for name in squares} | figures

    def baselines(self, config: options.Config, info: Learnt) -> dict[str, Answer]:
        """The last value, and the last season, repeated."""
        assert isinstance(info, self.Info)
        found: dict[str, Answer] = {"naive": metrics.baseline(1)}
        if info.season > 1:
            found["seasonal naive"] = metrics.baseline(info.season)
        return found

    def plots(
        self, contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None
    ) -> dict[str, Figure]:
        """Draw forecasts with their interval after what went before, against what happened if that is known."""
        from lstm_onnx_forecasting.plots import forecast_figure

        return {"forecast": forecast_figure(contract, inputs, outputs, truth)}
