"""Regression as a task on features. Imports torch only where it trains or exports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.plugin import (
    Examples,
    FeatureTask,
    Learnt,
    Metric,
    Neighbours,
    Number,
    PrimaryMetric,
    metrics,
    picture_files,
    read_examples,
)
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_regression import options as choices

if TYPE_CHECKING:
    from torch import nn


class Regression(FeatureTask[choices.Config]):
    """A number, or several, for a sequence, a text, a picture or a row of a table."""

    name = "regression"
    verb = "estimate"
    summary = "a number, or several, for a sequence, a text, a picture or a row of a table"
    primary_metric = PrimaryMetric("rmse", mode="min")
    Config = choices.Config
    training: ClassVar[dict[str, Any]] = {"batch_size": 32, "epochs": 60, "patience": 12, "learning_rate": 3e-3}
    small: ClassVar[dict[str, Any]] = {"count": 120, "hidden": 8}
    streams = True

    def read(self, source: Path | None, options: choices.Config, random: np.random.Generator) -> Examples:
        """Read a table or a `.ts` file; without one, draw machines that wear out."""
        from lstm_onnx_regression.drawn import draw

        found = draw(options.count, random) if source is None else read_examples(source, options)
        asked = {"interval": options.interval}
        return replace(found, outputs=[f.model_copy(update=asked) for f in found.outputs or ()])

    def data_files(self, source: Path | None, config: choices.Config) -> Sequence[Path]:
        """The source, its test file, the pictures that both name, and the encoder's file."""
        files = super().data_files(source, config)
        return [*files, *dict.fromkeys(p for f in files if source is not None for p in picture_files(f, config))]

    def module(self, options: choices.Config, features: Learnt) -> nn.Module:
        """Make a fresh network."""
        from lstm_onnx_regression.model import Network

        return Network(options, features)

    def whole(self, options: choices.Config, features: Learnt) -> str | None:
        """A bidirectional model needs the whole sequence."""
        return (
            "a bidirectional LSTM reads from the end; train with --no-bidirectional" if options.bidirectional else None
        )

    def scores(self, options: choices.Config, outputs: Sequence[Any]) -> Sequence[Metric]:
        """RMSE, MAE and R2 of the number, and coverage in percent; of several also all of them together, in spreads."""
        made: tuple[Callable[..., Metric], ...] = (metrics.rmse, metrics.mae, metrics.r2)
        if any(f.interval is not None for f in outputs):
            made = (*made, metrics.coverage)
        if len(outputs) == 1:
            return [make(outputs[0].name) for make in made]
        each = [make(f.name, f"{f.name}_{make.__name__}") for f in outputs for make in made]
        return [metrics.scaled_rmse(outputs), *each]

    def naive(
        self,
        learnt: Learnt,
        known: Mapping[str, Sequence[Any]],
        asked: Mapping[str, Sequence[Any]],
        options: choices.Config,
    ) -> Mapping[str, Answer | str]:
        """Answer as the nearest training example."""
        neighbours = Neighbours(learnt.inputs, known)

        def nearest(batch: Arrays) -> dict[str, Array]:
            found = neighbours.of(batch)
            names = [f.name for f in learnt.outputs if isinstance(f, Number)]
            return {name: np.array(known[name], dtype=np.float32)[found] for name in names}

        return {"nearest neighbour": nearest}
