"""Forecasts come back in the shape of the question, and beside what was asked for."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from lstm_onnx.contract import Contract
from lstm_onnx.data.columns import NAME_SEPARATOR
from lstm_onnx.errors import UserError
from lstm_onnx.inference.kept_columns import beside
from lstm_onnx.inference.model_inputs import ModelInputs
from lstm_onnx.inference.output_table import to_table
from lstm_onnx.inference.wide_answers import in_shape
from tests.inference.test_table_inputs import DAY, FIRST, forecaster

WIDE = forecaster(series=None, covariates=False, wide=True)
LONG = forecaster(covariates=False)


def outputs(origins: list[int]) -> dict[str, np.ndarray]:
    """Forecasts of two days after each origin: 10 and 11 of the first series, 20 and 21 of the next."""
    count = len(origins)
    point = 10.0 * (1 + np.arange(count))[:, None, None] + np.arange(2)[None, :, None]
    return {
        "forecast": point.astype(np.float32),
        "forecast_time": FIRST + DAY * (np.array(origins)[:, None] + np.arange(1, 3)),
        "quantiles": (point[..., None] + np.array([-1, 1])).astype(np.float32),
    }


def answer(
    contract: Contract, inputs: ModelInputs, found: dict[str, np.ndarray], keep: list[str] | None = None
) -> pl.DataFrame:
    table = beside(to_table(contract, inputs, found), contract, inputs, found, None, keep)
    return in_shape(table, contract, inputs, found)


def test_a_wide_table_is_answered_wide() -> None:
    found = answer(WIDE, ModelInputs({}, ("north", "south")), outputs([5, 5]))
    assert found.columns == [
        "day", "north", "south", "north q0.1", "south q0.1", "north q0.9", "south q0.9",
    ]  # fmt: skip
    assert found.height == 2
    assert found["north"].to_list() == [10, 11]
    assert found["south q0.9"].to_list() == [21, 22]
    assert found["day"].cast(pl.String).to_list() == ["2020-01-07", "2020-01-08"]


def test_series_that_ended_before_have_empty_cells() -> None:
    found = answer(WIDE, ModelInputs({}, ("north", "south")), outputs([6, 5]))
    assert found["day"].cast(pl.String).to_list() == ["2020-01-07", "2020-01-08", "2020-01-09"]
    assert found["north"].to_list() == [None, 10, 11]
    assert found["south"].to_list() == [20, 21, None]


def test_one_series_is_a_column_of_its_name() -> None:
    assert answer(WIDE, ModelInputs({}, ("north",)), outputs([5])).columns == [
        "day",
        "north",
        "north q0.1",
        "north q0.9",
    ]


def test_a_series_that_is_called_as_a_quantile_does_not_hide_it() -> None:
    found = answer(WIDE, ModelInputs({}, ("north", "north q0.1")), outputs([5, 5]))
    assert found.columns[:2] == ["series", "day"]
    assert found.height == 4


def test_long_tables_stay_long() -> None:
    assert answer(LONG, ModelInputs({}, ("a", "b")), outputs([5, 5])).columns[:3] == ["shop", "day", "load"]


@pytest.fixture
def question() -> pl.DataFrame:
    return pl.DataFrame({
        "shop": ["b", "a", "b", "a", "c"], "day": [f"2020-01-0{k}" for k in (5, 5, 6, 6, 6)],
        "load": [1.0, 2.0, 3.0, 4.0, 5.0], "town": ["Bonn", "Aachen", None, "Aachen", "Celle"],
        "price": [5, 6, 7, 6, 1],
    })  # fmt: skip


def test_columns_of_the_series_stand_beside_forecasts(question: pl.DataFrame) -> None:
    inputs = ModelInputs({}, ("b", "a"), table=question, ids=pl.DataFrame({"shop": ["b", "a"]}))
    found = answer(LONG, inputs, outputs([5, 5]), ["town"])
    assert found.columns[:3] == ["town", "shop", "day"]
    assert found["town"].to_list() == ["Bonn", "Bonn", "Aachen", "Aachen"]
    assert found["shop"].to_list() == ["b", "b", "a", "a"]
    assert answer(LONG, inputs, outputs([5, 5]), ["all"]).columns[:3] == ["town", "shop", "day"]
    assert answer(LONG, inputs, outputs([5, 5])).columns[0] == "shop"
    of_a = ModelInputs({}, ("a",), table=question, ids=pl.DataFrame({"shop": ["a"]}))
    assert answer(LONG, of_a, outputs([5]), ["price"])["price"].to_list() == [6, 6], "of the series that are answered"


def test_one_series_without_a_name(question: pl.DataFrame) -> None:
    made = forecaster(series=None, covariates=False)
    inputs = ModelInputs({}, ("",), table=question.filter(shop="a"))
    assert answer(made, inputs, outputs([5]), ["shop"])["shop"].to_list() == ["a", "a"]


def test_several_ids(question: pl.DataFrame) -> None:
    made = LONG.model_copy(update={"table": LONG.table.model_copy(update={"series_with": ("item",)})})
    asked = question.with_columns(item=pl.lit(7))
    ids = pl.DataFrame({"shop": ["a", "b"], "item": [7, 7]})
    inputs = ModelInputs({}, (f"a{NAME_SEPARATOR}7", f"b{NAME_SEPARATOR}7"), table=asked, ids=ids)
    found = answer(made, inputs, outputs([5, 5]), ["town"])
    assert found.columns[:4] == ["town", "shop", "item", "day"]
    assert found["town"].to_list() == ["Aachen", "Aachen", "Bonn", "Bonn"]


def test_what_differs_within_a_series_is_refused(question: pl.DataFrame) -> None:
    inputs = ModelInputs({}, ("b", "a"), table=question)
    with pytest.raises(UserError, match=r"--keep price: has several values of series 'b', such as 5 and 7, and"):
        answer(LONG, inputs, outputs([5, 5]), ["price"])
    with pytest.raises(UserError, match=r"--keep twn: there is no such column; did you mean 'town'\?"):
        answer(LONG, inputs, outputs([5, 5]), ["twn"])
    with pytest.raises(UserError, match=r"--keep: the answer has a column for each series, as the question"):
        answer(WIDE, ModelInputs({}, ("load",), table=question), outputs([5]), ["town"])
    with pytest.raises(UserError, match=r"--keep: the answers are not for rows of a table"):
        answer(LONG, ModelInputs({}, ("a",)), outputs([5]), ["town"])
