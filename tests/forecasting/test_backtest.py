"""Other data is scored with every forecast that it allows, and the forecasts come as a table."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo

HORIZON, WINDOW = 3, 12


def hours(first: int, last: int) -> pl.DataFrame:
    random = np.random.default_rng(first)
    times = [datetime(2023, 1, 1) + timedelta(hours=k) for k in range(first, last)]
    load = [100 + 10 * np.sin(k / 24 * 2 * np.pi) + random.normal() for k in range(first, last)]
    return pl.DataFrame({"time": times, "load": load})


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("backtest")
    config = {"horizon": HORIZON, "window": WINDOW, "hidden": 4, "epochs": 1, "threads": 1}
    return lo.train("forecasting", hours(0, 200), runs=folder, **config).export(folder / "m.onnx").path


def test_every_forecast_that_the_data_allows_is_scored(file: Path, tmp_path: Path) -> None:
    table = hours(200, 240)
    found = lo.evaluate(file, table, to=tmp_path / "answers.parquet")
    count = 40 - WINDOW - HORIZON + 1
    assert (found.examples, found.part) == (count, "all")
    answers = pl.read_parquet(tmp_path / "answers.parquet")
    assert answers.columns == ["origin", "time", "actual load", "load"]
    assert answers.height == count * HORIZON
    truth = dict(table.iter_rows())
    assert answers["actual load"].to_numpy() == pytest.approx([truth[t] for t in answers["time"]], rel=1e-6)
    ahead = (answers["time"] - answers["origin"]).dt.total_hours().to_list()
    assert ahead == list(range(1, HORIZON + 1)) * count
    error = (answers["load"] - answers["actual load"]).abs().mean()
    assert found.scores["mae"] == pytest.approx(error, rel=1e-5)
    newest = lo.load(file).predict(table.head(39 - HORIZON + 1)).table  # what a person would have been told then
    assert answers["load"].to_list()[-HORIZON:] == pytest.approx(newest["load"].to_list(), rel=1e-5)


def test_less_than_a_window_gives_one_forecast_and_less_than_a_horizon_none(file: Path) -> None:
    assert lo.evaluate(file, hours(200, 200 + WINDOW + HORIZON)).examples == 1
    assert lo.evaluate(file, hours(200, 200 + HORIZON + 2)).examples == 1
    with pytest.raises(lo.UserError, match="3 rows"):
        lo.evaluate(file, hours(200, 200 + HORIZON))
