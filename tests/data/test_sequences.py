"""Whole sequences of a table: their order, their gaps, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from lstm_onnx.data.sequences import Sequences, long_sequences, wide_sequences
from lstm_onnx.errors import UserError

LONG = {
    "who": ["b", "a", "b", "a", "b"],
    "step": [2, 1, 1, 2, 3],
    "x": ["20", "1", "10", "", "30"],
    "y": [5.0, 6.0, 7.0, 8.0, float("inf")],
}


def long(table: dict[str, Any], sequence: str | None = "who", time: str | None = None, columns: Any = ("x",)):
    return long_sequences(pl.DataFrame(table), "t.csv", sequence=sequence, time=time, columns=columns)


def steps(found: Sequences) -> list[list[Any]]:
    return [[None if np.isnan(v) else v for v in one[:, 0].tolist()] for one in found.values]


def refusal(function: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(UserError) as caught:
        function(*arguments, **named)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_sequences_come_in_the_order_in_which_they_appear() -> None:
    found = long(LONG, columns=("x", "y"))
    assert found.names == ("b", "a")
    assert found.places == ("row 2", "row 3")
    assert found.rows.tolist() == [0, 1]
    assert [(v.shape, v.dtype) for v in found.values] == [((3, 2), np.float32), ((2, 2), np.float32)]
    assert steps(found) == [[20, 10, 30], [1, None]]
    np.testing.assert_array_equal(found.values[0][:, 1], [5, 7, np.nan])
    assert found.notes == ("column 'y': 1 infinite value (the first in row 6) taken as missing",)


def test_steps_are_sorted_by_time_within_their_sequence() -> None:
    found = long(LONG, time="step")
    assert steps(found) == [[10, 20, 30], [1, None]]
    assert found.notes == ("sorted by 'step': 1 row stood after a later one",)
    assert found.rows.tolist() == [0, 1]


@pytest.mark.parametrize("times", [
    ["0.3", "0.1", "0.2"],
    [0.3, 0.1, 0.2],
    ["2020-01-03", "2020-01-01", "2020-01-02"],
    ["2020-01-01 00:00:00.3", "2020-01-01 00:00:00.05", "2020-01-01 00:00:00.2"],
    pl.Series([300, 100, 200]).cast(pl.Datetime("us")),
    pl.Series([3, 1, 2]).cast(pl.Date),
])  # fmt: skip
def test_time_may_be_numbers_or_moments_to_the_fraction_of_a_second(times: Any) -> None:
    assert steps(long({"t": times, "x": [3, 1, 2]}, None, "t")) == [[1, 2, 3]]


def test_a_table_without_the_sequence_column_is_one_sequence() -> None:
    found = long({"x": [3, 1, 2]}, None)
    assert (found.names, found.places, found.rows.tolist()) == (("",), ("row 2",), [0])
    assert steps(found) == [[3, 1, 2]]


@pytest.mark.parametrize("table, sequence, time, said", [
    ({"who": ["a", None, " "], "x": [1, 2, 3]}, "who", None,
     "row 3, column 'who': the name of the sequence is missing (and in 1 more rows); fill it in or delete the row"),
    ({"who": ["a", "a", "a"], "t": [1, 2, 1], "x": [1, 2, 3]}, "who", "t",
     "row 4, column 't': repeats the time 1 of row 2 of sequence 'a'; leave one row for each time"),
    ({"t": [1, 1, 1], "x": [1, 2, 3]}, None, "t",
     "row 3, column 't': repeats the time 1 of row 2 (and 1 more rows repeat one); leave one row for each time, or "
     "name the column that tells sequences apart, if the table holds several"),
    ({"t": [1, None, 1], "x": [1, 2, 3]}, None, "t",
     "row 3, column 't': the time is missing; fill it in or delete the row"),
    ({"t": ["noon", "two", "night"], "x": [1, 2, 3]}, None, "t",
     "row 2, column 't': 'noon' is not a time (and 2 more such cells); write times as 2020-01-31 or 2020-01-31 13:00"),
    ({"x": [1, 2, 3]}, "who", None, "there is no column 'who'; there is: x"),
    ({"x": ["1", "b", "3"]}, None, None,
     "row 3, column 'x': found 'b' where a number is needed; correct it, or leave the cell empty if the value is not "
     "known"),
])  # fmt: skip
def test_a_long_table_is_refused(table: Any, sequence: str | None, time: str | None, said: str) -> None:
    assert refusal(long, table, sequence, time) == f"t.csv: {said}"


def test_empty_cells_at_the_end_of_a_row_shorten_it_and_others_are_missing() -> None:
    frame = pl.DataFrame({"a": ["1", "", "4"], "b": ["2", "3", ""], "c": ["?", "", "5"], "d": ["", "", ""]})
    found = wide_sequences(frame, "t.csv", ["a", "b", "c", "d"])
    assert steps(found) == [[1, 2], [None, 3], [4, None, 5]]
    assert found.values[0].shape == (2, 1)
    assert found.names == ("2", "3", "4")
    assert found.places == ("row 2", "row 3", "row 4")
    assert found.rows.tolist() == [0, 1, 2]


def test_a_row_without_a_value_is_refused() -> None:
    frame = pl.DataFrame({"a": [1, None, None], "b": [1, None, None]})
    assert refusal(wide_sequences, frame, "t.parquet", ["a", "b"]) == (
        "t.parquet: row 2: has no value in the columns 'a' to 'b' (nor have 1 more rows), and a sequence needs one "
        "step at least; fill them in, or delete the row"
    )


def test_many_columns_with_something_to_say_say_it_briefly() -> None:
    frame = pl.DataFrame({f"s{i}": [float("inf"), 1.0] for i in range(9)} | {"z": [1.0, 1.0]})
    found = wide_sequences(frame, "t.csv", frame.columns)
    assert len(found.notes) == 4
    assert found.notes[-1] == "and so in 6 more columns"
    assert np.isnan(found.values[0][:9]).all()


def test_numbers_beyond_float32_are_missing() -> None:
    assert steps(long({"x": [1e300, 1.0]}, None)) == [[None, 1]]
