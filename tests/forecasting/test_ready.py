"""What is computed ahead of the steps, for many batches at once, is to the last bit what each step would compute."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from lstm_onnx.plugins.registry import load_task
from lstm_onnx.training.devices import to_tensors
from lstm_onnx.training.ready import made_ready


@pytest.mark.parametrize(
    "options",
    [{}, {"scaling": "global"}, {"loss_scale": "series", "quantiles": (0.1, 0.9)}, {"window": 30, "seasons": 2}],
    ids=["window", "global", "series", "seasons"],
)
def test_losses_and_gradients_are_the_same_bits(options: dict[str, Any]) -> None:
    task = load_task("forecasting").task
    config = task.Config(**{"window": 24, "horizon": 30, "hidden": 4, **options})
    data = task.load_data(None, config, 0)
    model = task.build_model(config, data.info)
    plain, drawn = (to_tensors(data.train.batches(300, np.random.default_rng(0)), model) for _ in range(2))
    ready = made_ready(drawn, model, 300)
    weights = list(model.parameters())
    count = 0
    for one, other in islice(zip(plain, ready, strict=True), 7):
        assert not one.keys() & other.keys()
        first, second = task.loss(model, one), task.loss(model, other)
        assert first == second
        gradients = [torch.autograd.grad(loss, weights, allow_unused=True) for loss in (first, second)]
        for a, b in zip(*gradients, strict=True):
            assert (a is None) == (b is None)
            assert a is None or torch.equal(a, b)
        count += 1
    assert count == 7


def test_models_without_such_a_part_learn_from_their_batches() -> None:
    task = load_task("regression").task
    config = task.Config(**task.small)
    data = task.load_data(None, config, 0)
    model = task.build_model(config, data.info)
    plain, drawn = (to_tensors(data.train.batches(16, np.random.default_rng(0)), model) for _ in range(2))
    for one, other in zip(plain, made_ready(drawn, model, 16), strict=True):
        assert one.keys() == other.keys()
        for name in one:
            torch.testing.assert_close(one[name], other[name], rtol=0, atol=0, equal_nan=True)
