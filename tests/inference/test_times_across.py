"""A table with a row for each series is answered as the turned one is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

import lstm_onnx as lo


def test_rows_of_series_are_answered_as_the_turned_table_is(tmp_path: Path) -> None:
    months = [str(m) for m in np.arange("2015-01", "2020-01", dtype="datetime64[M]")]
    values = np.random.default_rng(0).normal(100, 9, (3, len(months))).round(1)
    named = {
        "state": [None, "north", "south"],
        "country": ["x", "x", "x"],
        "latitude": [0.5, 1.5, 2.5],
    }  # x has no state
    across = pl.DataFrame(named | {m: values[:, k] for k, m in enumerate(months)})
    across.write_csv(tmp_path / "across.csv", separator=";", decimal_comma=True)
    run = lo.train("forecasting", tmp_path / "across.csv", runs=tmp_path / "runs", horizon=3, epochs=1, hidden=4)
    model = lo.load(lo.export(run, tmp_path / "model.onnx").path)
    assert model.contract.table is not None
    assert model.contract.table.across
    assert model.contract.table.ids == ("state", "country")
    newer = across.with_columns(pl.lit(101.5).alias("2020-01"))
    newer.write_csv(tmp_path / "newer.csv", separator=";", decimal_comma=True)
    long = newer.unpivot(index=["state", "country"], on=[*months, "2020-01"], variable_name="time", value_name="value")
    long.write_csv(tmp_path / "long.csv", separator=";", decimal_comma=True)
    answer = model.predict(tmp_path / "newer.csv").table
    assert answer["time"].to_list() == ["2020-02", "2020-03", "2020-04"] * 3
    assert answer["state"].to_list() == [None] * 3 + ["north"] * 3 + ["south"] * 3
    assert answer.equals(model.predict(tmp_path / "long.csv").table)
    assert model.predict(tmp_path / "newer.csv").names == ("- · x", "north · x", "south · x")
    assert (
        lo.evaluate(model, tmp_path / "long.csv").scores.model
        == lo.evaluate(model, tmp_path / "newer.csv").scores.model
    )
