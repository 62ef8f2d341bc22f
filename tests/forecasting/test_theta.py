from __future__ import annotations

import numpy as np
import pytest
import torch
from lstm_onnx_forecasting.options import Config
from lstm_onnx_forecasting.theta import SMOOTHING, theta_matrix

from tests.forecasting.cases import ask, hours, make_info, make_model

NAN = float("nan")


def by_steps(values: np.ndarray, season: int, horizon: int) -> np.ndarray:
    """The same, one value after the other; whole seasons only."""
    swing = np.zeros(season)
    if season > 1:
        seasons = values.reshape(-1, season)
        swing = (seasons - seasons.mean(axis=1, keepdims=True)).mean(axis=0)
    values = values - np.tile(swing, len(values) // season)
    level = values[0]
    for value in values[1:]:
        level = SMOOTHING * value + (1 - SMOOTHING) * level
    slope = np.polyfit(np.arange(len(values)), values, 1)[0] / 2
    lag = 1 / SMOOTHING - 1
    return np.array([level + slope * (step + lag) + swing[(step - 1) % season] for step in range(1, horizon + 1)])


@pytest.mark.parametrize(("window", "season", "horizon"), [(16, 4, 8), (36, 12, 18), (7, 1, 6), (2, 1, 6), (12, 12, 5)])
def test_the_matrix_is_the_forecast_step_by_step(window: int, season: int, horizon: int) -> None:
    values = np.random.default_rng(0).normal(size=window)
    matrix = theta_matrix(window, season, horizon)
    assert matrix.shape == (window, horizon)
    np.testing.assert_allclose(values @ matrix.numpy(), by_steps(values, season, horizon), atol=1e-5)


@pytest.mark.parametrize("window", [8, 9, 11, 4, 6])
def test_a_season_that_repeats_goes_on(window: int) -> None:
    pattern = np.tile([3.0, -1.0, 0.0, 5.0], 5)
    forecast = pattern[:window] @ theta_matrix(window, 4, 6).numpy()
    if window % 4 == 0:  # else a part of a season has a slope of its own
        np.testing.assert_allclose(forecast, pattern[window : window + 6], atol=1e-5)
    np.testing.assert_allclose(theta_matrix(window, 4, 6).sum(dim=0), 1, atol=1e-6)  # a level stays


@pytest.mark.parametrize(("window", "season"), [(2, 1), (1, 1), (3, 12)])
def test_a_window_below_a_season_is_smoothed(window: int, season: int) -> None:
    matrix = theta_matrix(window, season, 3)
    assert torch.isfinite(matrix).all()
    torch.testing.assert_close(matrix.sum(dim=0), torch.ones(3))


def test_the_untrained_forecaster_answers_with_it() -> None:
    model = make_model(Config(horizon=6, hidden=8, base="theta"), make_info())
    torch.nn.init.zeros_(model.network.out.weight)
    torch.nn.init.zeros_(model.network.out.bias)
    x = torch.randn(2, 48, 1) * 10 + 100
    forecast = ask(model, x, hours(2, 48))[0]
    for one, values in zip(forecast, x, strict=True):
        np.testing.assert_allclose(one[:, 0], by_steps(values[:, 0].double().numpy(), 24, 6), rtol=1e-5)
    x[0, 10], x[1, :30] = NAN, NAN
    assert torch.isfinite(ask(model, x, hours(2, 48))[0]).all()
