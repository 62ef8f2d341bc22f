"""Forecasting from a stranger's file to an answer: trained, interrupted, resumed, exported, verified, asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.inference.table_inputs import read_inputs
from lstm_onnx.plugins.registry import load_task
from lstm_onnx.testing import check_task

SMALL = {"hidden": 5, "horizon": 3}


def daily(rows: int = 120, seed: int = 0) -> pl.DataFrame:
    """One series, `sales` with a weekly season, a gap, and covariates."""
    random = np.random.default_rng(seed)
    day = np.arange(rows)
    sales = 200 + 30 * np.sin(2 * np.pi * day / 7) + random.normal(0, 5, rows)
    frame = pl.DataFrame(
        {
            "day": pl.date_range(pl.date(2023, 1, 1), pl.date(2023, 1, 1) + pl.duration(days=rows - 1), eager=True),
            "sales": np.where(day == 40, np.nan, sales),
            "visitors": 3 * sales + random.normal(0, 10, rows),
            "promotion": (day % 10 == 0).astype(float),
        }
    )
    return frame.filter(pl.col("day") != pl.date(2023, 2, 20))


def monthly(shops: int = 3, rows: int = 60) -> pl.DataFrame:
    """Several series in a long table, months apart, each with its own size."""
    random = np.random.default_rng(1)
    month = np.arange(rows)
    frames = [
        pl.DataFrame(
            {
                "month": [f"{2015 + m // 12}-{m % 12 + 1:02d}" for m in month],
                "shop": f"shop {k}",
                "turnover": 10.0**k * (5 + np.sin(2 * np.pi * month / 12) + random.normal(0, 0.1, rows)),
                "area": float(50 * k),
            }
        )
        for k in range(1, shops + 1)
    ]
    return pl.concat(frames)


CASES = {
    "point": (daily, {"time": "day", "target": ["sales"]}),
    "quantiles": (daily, {"target": ["sales"], "quantiles": [0.1, 0.5, 0.9]}),
    "two-targets": (daily, {"target": ["sales", "visitors"], "layers": 2, "dropout": 0.2, "loss": "huber"}),
    "covariates": (daily, {"target": ["sales"], "past": ["visitors"], "future": ["promotion"], "scaling": "global"}),
    "long": (monthly, {"series": "shop", "target": ["turnover"], "static": ["area"], "transform": "log"}),
    "bare": (monthly, {"series": "shop", "target": ["turnover"], "calendar": False, "base": "none", "loss": "mse"}),
    "theta": (daily, {"target": ["sales", "visitors"], "base": "theta", "window": 20}),
    "raw": (daily, {"target": ["sales"], "scaling": "none", "base": "last", "window": 9, "quantiles": [0.2]}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_strangers_file_goes_all_the_way(case: str, tmp_path: Path) -> None:
    make, config = CASES[case]
    table = make()
    table.write_csv(tmp_path / "data.csv")
    (work := tmp_path / "work").mkdir()
    exported = check_task("forecasting", folder=work, data=tmp_path / "data.csv", **(SMALL | config))
    ahead = table
    if "future" in config:
        ahead = pl.concat(
            [
                table,
                pl.DataFrame({"day": [pl.Series(["2023-05-01"]).str.to_date()[0]], "promotion": [1.0]}),
                pl.DataFrame({"day": pl.Series(["2023-05-02", "2023-05-03"]).str.to_date(), "promotion": [0.0, 0.0]}),
            ],
            how="diagonal",
        )
    prediction = lo.load(exported.path).predict(ahead)
    series = table["shop"].n_unique() if "shop" in table.columns else 1
    assert prediction.table.height == 3 * series
    assert prediction.outputs["forecast"].shape[:2] == (series, 3)
    assert np.isfinite(prediction.outputs["forecast"]).all()
    first = {"day": "2023-05-01", "month": "2020-01"}[table.columns[0]]  # as the table writes them
    assert str(prediction.table[table.columns[0]][0]) == first
    scores = exported.contract.scores
    assert scores is not None and {"naive", "seasonal naive"} == set(scores.baselines)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> lo.Exported:
    """The file of a forecaster of `monthly`, which lies beside it as `data.csv`."""
    folder = tmp_path_factory.mktemp("shops")
    monthly().write_csv(folder / "data.csv")
    config = SMALL | {"series": "shop", "target": ["turnover"], "static": ["area"], "window": 8}
    run = lo.train("forecasting", folder / "data.csv", **config, epochs=1, runs=folder / "r")
    return lo.export(run, folder / "f.onnx")


def test_predict_sees_what_training_saw(shops: lo.Exported) -> None:
    """A table that is cut at an origin gives the graph the same inputs as the window of that origin in training."""
    table, contract = monthly(), shops.contract
    task = load_task("forecasting").task
    config = task.Config.model_validate(contract.provenance.config)
    data = task.load_data(shops.path.with_name("data.csv"), config, 0)
    batch = next(data.test.batches(1000))
    newest = pl.DataFrame({"month": table["month"].unique().sort()})["month"].to_list()[:-3]
    fed = read_inputs(contract, table.filter(pl.col("month").is_in(newest)))
    last_windows = [k for k in range(len(batch["time"])) if batch["time"][k, -1] == fed.arrays["time"][0, -1]]
    assert len(last_windows) == 3
    for tensor in contract.inputs:
        np.testing.assert_array_equal(fed.arrays[tensor.name], batch[tensor.name][last_windows], err_msg=tensor.name)


def test_the_bundled_data_beats_the_seasonal_naive_forecast_and_resumes(tmp_path: Path) -> None:
    from tests.training.test_loop import StopAfter

    options = {"hidden": 16, "horizon": 6, "epochs": 2, "threads": 1, "runs": tmp_path}
    with pytest.raises(lo.UserError, match="--resume"):
        lo.train("forecasting", **options, name="cut", observers=StopAfter(1, None))
    run = lo.resume(tmp_path / "cut")
    assert run.record.scores is not None
    assert run.record.scores.model["mase"] < run.record.scores.baselines["seasonal naive"]["mase"]
    file = lo.export(run, tmp_path / "traffic.onnx").path
    by_torch, by_onnx = (lo.evaluate(m).scores.model for m in (run.folder, file))
    assert by_torch == pytest.approx(run.record.scores.model, rel=1e-5)
    assert by_onnx == pytest.approx(by_torch, rel=1e-5)


def test_answers_do_not_depend_on_the_order_or_the_company_of_series(shops: lo.Exported) -> None:
    table, model = monthly(), lo.load(shops)
    together = model.predict(table).table
    alone = model.predict(table.filter(pl.col("shop") == "shop 2")).table
    backwards = model.predict(table.reverse()).table
    wanted = together.filter(pl.col("shop") == "shop 2")["turnover"].to_numpy()
    np.testing.assert_allclose(alone["turnover"].to_numpy(), wanted, rtol=1e-6)
    got = backwards.filter(pl.col("shop") == "shop 2")["turnover"].to_numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-6)
