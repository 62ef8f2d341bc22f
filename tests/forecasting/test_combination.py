"""Simple forecasts, combined: the weights of each step begin where the training part would have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from lstm_onnx_forecasting.combination import Combination
from lstm_onnx_forecasting.options import Config
from safetensors.numpy import load_file

import lstm_onnx as lo
from tests.forecasting.cases import ask, draw, hours, make_info, make_model


def test_it_is_a_mean_that_the_window_moves() -> None:
    combination, simple, seen = Combination(2, 1, 3, 4), torch.randn(5, 2, 1, 3), torch.randn(5, 2, 4)
    torch.testing.assert_close(combination(simple, seen), simple.mean(dim=3))
    torch.nn.init.normal_(combination.by_window.weight)
    moved = combination(simple, seen)
    assert not torch.allclose(moved, simple.mean(dim=3))
    assert (moved <= simple.amax(dim=3) + 1e-6).all() and (moved >= simple.amin(dim=3) - 1e-6).all()


@torch.no_grad()
def test_each_step_begins_with_the_weights_that_are_best() -> None:
    torch.manual_seed(0)
    truth = torch.randn(500, 3, 1)
    noise = torch.randn(500, 3, 1, 2) * 0.5
    noise[:, 0, :, 0], noise[:, 1, :, 1] = 0, 0  # exact: the first at one step ahead, the second at two
    combination = Combination(3, 1, 2, 4)
    combination.solve(truth.unsqueeze(3) + noise, lambda forecast: (forecast - truth).abs().mean())
    weights = torch.softmax(combination.by_step, dim=2)[:, 0]
    assert weights[0, 0] > 0.95 and weights[1, 1] > 0.95
    torch.testing.assert_close(weights[2], torch.tensor([0.5, 0.5]), atol=0.1, rtol=0)  # alike, so both


@pytest.mark.parametrize(("season", "count"), [(24, 3), (1, 2)])
def test_the_untrained_forecaster_answers_with_their_mean(season: int, count: int) -> None:
    x, answers = draw(2, 48), []
    for base in ("theta", "season", "last", "combined"):
        model = make_model(Config(horizon=30, hidden=8, base=base), make_info(season=season))
        combination = model.network.combination
        for weight in [*model.network.out.parameters(), *(combination.parameters() if combination else ())]:
            torch.nn.init.zeros_(weight)
        answers.append(ask(model, x, hours(2, 48))[0])
    torch.testing.assert_close(answers[3], torch.stack(answers[:count]).mean(dim=0), rtol=1e-5, atol=1e-3)


def _weights(tmp_path: Path, values: np.ndarray, **options: object) -> np.ndarray:
    """Weights of the first step ahead after a training of one step: Theta, season, last value."""
    table = pl.DataFrame({"t": np.arange(len(values)), "load": values})
    asked = {"horizon": 6, "window": 12, "season": 6, "hidden": 4, "epochs": 1, "batch_size": 10_000, "threads": 1}
    run = lo.train("forecasting", table, runs=tmp_path, time_format="steps", **asked, **options)
    (found,) = (w for name, w in load_file(run.weights).items() if name.endswith("combination.by_step"))
    return np.exp(found[0, 0]) / np.exp(found[0, 0]).sum()


def test_a_walk_is_forecast_by_its_last_value_and_a_season_by_itself(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    walk = _weights(tmp_path, 100 + random.normal(size=400).cumsum())
    assert walk.argmax() == 2 and walk[2] > 0.6
    pattern = np.tile([5.0, -9.0, 1.0, 30.0, -7.0, 2.0], 70)
    season = _weights(tmp_path, pattern + random.normal(0, 0.1, 420))
    assert season[2] < 0.05
