from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from lstm_onnx_forecasting.holes import filled
from lstm_onnx_forecasting.options import Config
from torch import Tensor

import lstm_onnx as lo
from tests.forecasting.cases import ask, draw, hours, make_info, make_model

NAN = float("nan")


def _filled(rows: list[list[float]], season: int = 0) -> list[list[float]]:
    """Rows of one target where 0 is a hole, filled; 5 is the newest known value of all."""
    values = torch.tensor(rows).unsqueeze(2)
    whole, _ = filled(torch.cat([values, (values > 0).float()], dim=2), torch.full((len(rows), 1, 1), 5.0), season)
    return whole[..., 0].tolist()


def test_what_is_missing_becomes_the_newest_known_value_before_it() -> None:
    assert _filled([[3.0, 0, 0, 4, 0], [3, 1, 2, 4, 5]]) == [[3, 3, 3, 4, 4], [3, 1, 2, 4, 5]]


def test_before_all_known_values_the_oldest_stands_and_without_any_the_newest_of_all() -> None:
    assert _filled([[0.0, 0, 7, 0, 4, 0], [0, 0, 0, 0, 0, 9], [0] * 6]) == [[7, 7, 7, 7, 4, 4], [9] * 6, [5] * 6]


def test_the_value_one_season_before_comes_first() -> None:
    holes = [[1.0, 2, 0, 4, 0, 6, 7, 0], [0, 2, 0, 0, 0, 0, 8, 0]]
    assert _filled(holes, season=3) == [[1, 2, 2, 4, 2, 6, 7, 7], [2, 2, 2, 2, 2, 2, 8, 8]]


def seasonal(x: Tensor, season: int, horizon: int, fills_holes: bool = True, window: int = 48) -> list[float]:
    """What is forecast of a window by a model whose network answers 0: the base."""
    info = make_info(season=season, window=window, fills_holes=fills_holes)
    model = make_model(Config(horizon=horizon, hidden=4, base="season"), info)
    with torch.no_grad():
        model.network.out.weight.zero_()
        model.network.out.bias.zero_()
    return ask(model, x, hours(1, x.shape[1]))[0][0, :, 0].round().tolist()


def test_a_hole_one_season_before_is_filled_from_another_or_the_step_before_it() -> None:
    x = draw(1, 36)
    by_row = [round(v) for v in x[0, :, 0].tolist()]
    x[0, [24, 26, 27, 28, 14, 16, 35]] = NAN  # with 12 a season: 12, and 14 to 16 of the season before
    wanted = [by_row[12], by_row[25], by_row[25], by_row[15], by_row[15], *by_row[29:35], by_row[23]]
    assert seasonal(x, 12, 14) == [*wanted, *wanted[:2]]
    x[0, [12, 35]] = NAN
    assert seasonal(x, 12, 3) == [by_row[23], by_row[25], by_row[25]]  # in neither season: the step before it
    assert seasonal(x, 12, 3, window=20)[1:] == [by_row[25], by_row[25]]  # one season is all that such a window holds


def test_runs_of_before_keep_the_newest_value() -> None:
    x = draw(1, 36)
    wanted = [x[0, 24, 0], x[0, 35, 0], x[0, 26, 0]]
    x[0, 25] = NAN
    assert seasonal(x, 12, 3, fills_holes=False) == [round(v.item()) for v in wanted]


@pytest.mark.parametrize(("window", "horizon", "base"), [(8, 3, "season"), (16, 12, "combined")])
def test_window_and_stream_answer_alike_across_holes(window: int, horizon: int, base: str, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    values = np.tile([5.0, 9.0, 1.0, 3.0, 7.0, 2.0, 8.0, 4.0], 30) + random.normal(0, 0.1, 240)
    values[random.random(240) < 0.2] = NAN
    values[200:212] = NAN
    time = pl.datetime_range(
        pl.datetime(2024, 1, 1), interval="1h", closed="left", end=pl.datetime(2024, 1, 11), eager=True
    )
    table = pl.DataFrame({"time": time, "load": values})
    run = lo.train(
        "forecasting",
        table,
        runs=tmp_path,
        horizon=horizon,
        window=window,
        season=8,
        scaling="global",
        hidden=4,
        epochs=1,
    )
    assert run.record.info["fills_holes"] is True
    files = lo.export(run, tmp_path / "m.onnx", variant=["fp32", "streaming"])
    whole, stream = (lo.load(made.path) for made in files)
    seen = values[-window:, None][None].astype(np.float32)
    seconds = 1_704_067_200 + 3600 * np.arange(240)[None, -window:]
    wanted = whole.run({"values": seen, "time": seconds})["forecast"]
    pushing = stream.stream()
    for row in range(window):
        found = pushing.push({"values": seen[:, row : row + 1], "time": seconds[:, row : row + 1]})
    np.testing.assert_allclose(found["forecast"], wanted, rtol=1e-4, atol=1e-4)
