"""Of several targets, each has its own figures: their units differ."""

from __future__ import annotations

import numpy as np
import pytest
from lstm_onnx_forecasting.metrics import quantile_totals

LEVELS = (0.1, 0.9)


def test_each_target_has_its_pinball_and_coverage() -> None:
    actual = np.array([[[1.0, 1000.0]], [[3.0, 5000.0]]])  # (window, step, target)
    apart = np.array([0.5, 500.0])
    quantiles = np.stack([actual - apart, actual + apart], axis=3)
    quantiles[1, 0, 1] += 2000  # the second window of the second target lies below its interval
    found = {n: total / count for n, (total, count) in quantile_totals(quantiles, actual, LEVELS, ("a", "b")).items()}
    assert found["pinball a"] == pytest.approx(0.1 * 0.5)
    assert found["pinball b"] == pytest.approx((0.1 * 500 + (0.9 * 1500 + 0.1 * 2500) / 2) / 2)
    assert (found["coverage a"], found["coverage b"], found["coverage"]) == (100, 50, 75)
    assert found["pinball"] == pytest.approx((found["pinball a"] + found["pinball b"]) / 2)


def test_one_target_is_told_once() -> None:
    quantiles = np.zeros((2, 3, 1, 2))
    assert set(quantile_totals(quantiles, np.zeros((2, 3, 1)), LEVELS, ("a",))) == {"pinball", "coverage"}
