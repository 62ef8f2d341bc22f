"""The module of a regression: features of all kinds as one vector, a number for each answer out of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.features.mixed import MixedNetwork
from lstm_onnx.plugin import Learnt, Number
from lstm_onnx_regression.options import Config


class Network(MixedNetwork):
    """All features that go in, and a number for each that comes out.

    Args:
        options: of the task.
        learnt: the features.
    """

    def __init__(self, options: Config, learnt: Learnt) -> None:
        super().__init__(options, learnt)
        self.options = options
        self.head = nn.Linear(self.width, len(learnt.outputs))

    def forward(self, state: Any = None, **tensors: Tensor) -> tuple[dict[str, Tensor], Any]:
        """Return a scaled number (batch,) for each output, and what goes round in a stream."""
        mixed, after = self.mixed(state, tensors)
        numbers = self.head(mixed)
        return {f.name: numbers[:, i] for i, f in enumerate(self.learnt.outputs)}, after

    def loss(self, answers: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
        """Return the mean of what errors cost, in spreads."""
        costs = []
        for feature in self.learnt.outputs:
            assert isinstance(feature, Number) and feature.center is not None and feature.spread is not None
            wanted = (batch[feature.name] - feature.center) / feature.spread
            costs.append(_cost(self.options.loss, answers[feature.name], wanted))
        return torch.stack(costs).mean()


def _cost(kind: str, answer: Tensor, wanted: Tensor) -> Tensor:
    if kind == "squared":
        return functional.mse_loss(answer, wanted)
    return functional.l1_loss(answer, wanted) if kind == "absolute" else functional.huber_loss(answer, wanted)
