"""Answers for every window of a series are those for tables that end there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.contract import Axis
from lstm_onnx.errors import UserError
from lstm_onnx.inference.table_inputs import read_inputs
from tests.inference.test_table_inputs import days, forecaster, long_table

ROOT = Path(__file__).parents[2]
TRAFFIC = ROOT / "plugins" / "lstm_onnx_forecasting" / "datasets" / "traffic.csv"


@pytest.fixture(scope="module")
def traffic() -> lo.Model:
    return lo.load(ROOT / "exported" / "traffic.onnx", threads=1)


def test_each_window_answers_as_the_table_that_ends_there(traffic: lo.Model) -> None:
    table = pl.read_csv(TRAFFIC).tail(200)
    found = traffic.predict(table, every=8).table
    columns = [c for c in found.columns if c != "origin"]
    origins = found.get_column("origin").unique(maintain_order=True)
    assert len(origins) == (200 - 168) // 8 + 1
    for place in (0, 2, len(origins) - 1):
        origin = origins[place]
        rows = table.filter(pl.col("time") <= f"{origin:%Y-%m-%d %H:%M}")
        alone = traffic.predict(rows.tail(168)).table
        window = found.filter(pl.col("origin") == origin).select(columns)
        assert window.get_column("time").to_list() == alone.get_column("time").to_list()
        for column in columns[1:]:
            np.testing.assert_allclose(window.get_column(column), alone.get_column(column), rtol=1e-4)


def test_windows_with_too_few_rows_ahead_are_left_out() -> None:
    made = forecaster(time=Axis(min=1, example_size=3), horizon=Axis(size=2))
    found = read_inputs(made, long_table(), every=1)
    assert found.names == ("a", "b", "b", "b", "b"), "of series a only the newest: it has two rows"
    assert found.arrays["values"][1:, :, 0].tolist() == [[k, k + 1, k + 2] for k in range(4)]
    assert found.arrays["future"][1:3, :, 0].tolist() == [[23, 24], [24, 25]]
    assert found.origins is not None
    assert found.origins[1] == found.arrays["time"][1, -1]
    assert any("fewer than 3 rows have one window: a" in note for note in found.notes)
    cut = long_table().filter(~((pl.col("shop") == "b") & pl.col("load").is_null()))
    left = read_inputs(made, cut, every=1)
    assert left.names == ("a", "b", "b")
    assert any("without 2 rows ahead are left out: b" in note for note in left.notes)


def test_a_wide_table_is_answered_in_rows() -> None:
    made = forecaster(wide=True, covariates=False, series=None, time=Axis(min=1, example_size=3))
    wide = pl.DataFrame({"day": days(5), "x": range(5), "y": range(10, 15)})
    found = read_inputs(made, wide, every=2)
    assert found.names == ("x", "x", "y", "y")
    assert found.arrays["values"][:, -1, 0].tolist() == [2, 4, 12, 14]


def test_what_has_no_windows_is_refused(traffic: lo.Model) -> None:
    news = lo.load(ROOT / "exported" / "vowels.onnx", threads=1)
    with pytest.raises(UserError, match="--every: is for models of time series"):
        news.predict(pl.DataFrame({"a": [1]}), every=1)
    with pytest.raises(UserError, match="--every: arrays are windows that are cut already"):
        traffic.predict({"values": np.zeros((1, 3, 1), np.float32)}, every=1)
    with pytest.raises(UserError, match="at least 1 row"):
        traffic.predict(pl.read_csv(TRAFFIC).tail(200), every=0)
