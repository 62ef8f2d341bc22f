"""The detector as a task on features. Imports torch only where it trains or exports."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.plugin import DataSet, Examples, FeatureTask, GraphSpec, Learnt, Metric, PrimaryMetric, Rows, brought
from lstm_onnx.task import Answer
from lstm_onnx_anomaly import options as choices

if TYPE_CHECKING:
    from torch import Tensor, nn


class Anomaly(FeatureTask[choices.Config]):
    """Which row of a recording is strange, and which column makes it so."""

    name = "anomaly"
    verb = "watch"
    summary = "which rows of sensors are strange, and which column makes them so"
    primary_metric = PrimaryMetric("f1", mode="max", fallback="error")
    Config = choices.Config
    training: ClassVar[dict[str, Any]] = {"batch_size": 16, "epochs": 30, "patience": 6, "learning_rate": 3e-3}
    small: ClassVar[dict[str, Any]] = {"hidden": 6}
    adjustable = ("sensitivity",)
    streams = True

    def read(self, source: Path | None, options: choices.Config, random: np.random.Generator) -> Examples:
        """Read recordings; without a source, the traffic of another plugin, with faults planted into it."""
        from lstm_onnx_anomaly.reading import read, read_traffic

        if source is None:
            return read_traffic(self.data_sets()[0].files[0], options, random)
        return read(source, options)

    def data_sets(self) -> tuple[DataSet, ...]:
        """The year of traffic that forecasting brings."""
        return (brought("traffic", "forecasting"),)

    def module(self, options: choices.Config, features: Learnt) -> nn.Module:
        """Make a fresh detector."""
        from lstm_onnx_anomaly.model import Detector

        return Detector(options, features)

    def calibrate(self, model: nn.Module, validation: Iterator[dict[str, Tensor]], config: choices.Config) -> None:
        """Set the threshold on rows that were not learnt from."""
        from lstm_onnx.features.module import FeatureModel
        from lstm_onnx_anomaly.model import Detector

        assert isinstance(model, FeatureModel) and isinstance(model.network, Detector)
        found = [model.network.errors(batch, model.decode(model.run(batch))) for batch in validation]
        model.network.calibrate(found, config.false_alarms)

    def scores(self, options: choices.Config, outputs: Sequence[Any]) -> Sequence[Metric]:
        """Alarms against what is known; how far off the forecast of normal rows is."""
        from lstm_onnx_anomaly.metrics import scores

        spread = next(f.spread for f in outputs if f.name == "expected")
        return scores(np.array(spread))

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: choices.Config,
    ) -> Mapping[str, Answer | str]:
        """The z-score, and the last value."""
        from lstm_onnx_anomaly.metrics import simple_methods

        return simple_methods(_rows(learnt), known["rows"], known["alarm"], options)

    def baselines(self, config: choices.Config, info: Learnt) -> dict[str, Answer]:
        """Those of `naive` are enough."""
        return {}

    def graphs(self, model: nn.Module, config: choices.Config, info: Learnt) -> list[GraphSpec]:
        """The graph of the features; of two columns that are equally strange, either is right."""
        return [_decided(g) for g in super().graphs(model, config, info)]

    def streaming(self, model: nn.Module, config: choices.Config, info: Learnt) -> GraphSpec:
        """A row at a time."""
        return _decided(super().streaming(model, config, info))


def _rows(learnt: Learnt) -> Rows:
    rows = learnt["rows"]
    assert isinstance(rows, Rows)
    return rows


def _decided(graph: GraphSpec) -> GraphSpec:
    tolerance = graph.tolerance.model_copy(update={"decided_by": "score"})
    return dataclasses.replace(graph, tolerance=tolerance)
