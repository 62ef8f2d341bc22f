"""Forecasting as a task: what the core asks, answered. Imports torch only where it trains or exports."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from lstm_onnx.contract import Array, Contract
from lstm_onnx.task import Answer, Arrays, DataSet, GraphSpec, PrimaryMetric, ScoredData, Task, TaskData, Totals
from lstm_onnx_forecasting import metrics, options

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from torch import Tensor as TorchTensor
    from torch import nn


class Forecasting(Task[options.Config, options.Info]):
    """The next steps of one or many time series."""

    name = "forecasting"
    summary = "the next steps of one or many time series, with intervals if asked"
    primary_metric = PrimaryMetric("mase", mode="min", fallback="pinball")
    Config = options.Config
    Info = options.Info
    training: ClassVar[dict[str, Any]] = {}

    def load_data(self, source: Path | None, config: options.Config, seed: int) -> TaskData[options.Info]:
        """Read a table and cut it into windows; see `lstm_onnx_forecasting.data`."""
        from lstm_onnx_forecasting.data import load_data

        return load_data(source, config, seed)

    def load_scored(self, source: Path, config: options.Config, info: options.Info) -> ScoredData:
        """Read other data, with every forecast that it allows."""
        from lstm_onnx_forecasting.scored import load_scored

        return load_scored(source, config, info)

    def truth(self, batch: Arrays, config: options.Config, info: options.Info) -> Arrays:
        """What happened."""
        return {"forecast": batch["actual"]}

    def data_sets(self) -> tuple[DataSet, ...]:
        """Hourly traffic on a motorway."""
        from lstm_onnx_forecasting.data import TRAFFIC

        return (TRAFFIC,)

    def build_model(self, config: options.Config, info: options.Info) -> nn.Module:
        """Make a fresh forecaster."""
        from lstm_onnx_forecasting.model import Forecaster

        return Forecaster(config, info)

    def loss(self, model: nn.Module, batch: Mapping[str, TorchTensor]) -> TorchTensor:
        """Mean loss over the known steps, on scaled values."""
        from lstm_onnx_forecasting.loss import forecast_loss

        return forecast_loss(model, batch)

    def metrics(self, outputs: Arrays, batch: Arrays, config: options.Config) -> Totals:
        """MAE, MSE, sMAPE and MASE of the point forecast; pinball loss and coverage of the quantiles.

        Of several targets, what has their unit is told of each, as their sum would be of apples and pears.
        """
        actual = metrics.scored_truth(batch["actual"], batch["values"])
        names = config.target if config.columns == "variables" else ()
        totals = metrics.point_totals(outputs["forecast"], actual, batch["mase_scale"], names)
        if "quantiles" in outputs:
            totals |= metrics.quantile_totals(outputs["quantiles"], actual, config.quantiles)
        return totals

    def finish(self, totals: Totals) -> dict[str, float]:
        """Add the RMSE, the root of the mean squared error over all."""
        figures = super().finish(totals)
        squares = [name for name in figures if name.startswith("mse")]
        return {f"r{name}": math.sqrt(figures[name]) for name in squares} | figures

    def baselines(self, config: options.Config, info: options.Info) -> dict[str, Answer]:
        """The last value, and the last season, repeated."""
        found: dict[str, Answer] = {"naive": metrics.baseline(1)}
        if info.season > 1:
            found["seasonal naive"] = metrics.baseline(info.season)
        return found

    def graphs(self, model: nn.Module, config: options.Config, info: options.Info) -> list[GraphSpec]:
        """One graph: the forecaster itself."""
        from lstm_onnx_forecasting.spec import graph_spec

        return [graph_spec(model, config, info)]

    def streaming(self, model: nn.Module, config: options.Config, info: options.Info) -> GraphSpec:
        """Row by row, with state in and out; only where scaling does not depend on the whole window."""
        from lstm_onnx_forecasting.streaming import streaming_spec

        return streaming_spec(model, config, info)

    def sample(self, graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
        """Random walks with a season, some values missing, at hours that differ from example to example."""
        from lstm_onnx_forecasting.samples import sample

        return sample(graph, sizes, seed)

    def plots(
        self, contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None = None
    ) -> dict[str, Figure]:
        """Draw forecasts with their interval after what went before, against what happened if that is known."""
        from lstm_onnx_forecasting.plots import forecast_figure

        return {"forecast": forecast_figure(contract, inputs, outputs, truth)}
