"""A table with a row for each series is answered as the turned one is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.data.times_across import turned


@pytest.mark.parametrize("as_text", [False, True])
def test_codes_at_the_ends_are_no_rows(as_text: bool) -> None:
    """A series began later, or ended, be its cells numbers or text; a code in the middle is a missing value."""
    cells = {"2020": [-999.0, 1.0], "2021": [2.0, -999.0], "2022": [-999.0, 3.0], "2023": [4.0, -999.0]}
    frame = pl.DataFrame({"sku": ["a", "b"]} | cells)
    frame = frame.with_columns(pl.col(cells).cast(pl.String)) if as_text else frame
    for missing in (["-999"], ["-999.0"], ["-9.99e2"]):
        rows = turned(frame, [*cells], "t.parquet", missing)
        assert rows.select("sku", "time").rows() == [
            *(("a", str(year)) for year in (2021, 2022, 2023)),
            *(("b", str(year)) for year in (2020, 2021, 2022)),
        ]


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
