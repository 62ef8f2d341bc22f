"""Numbers as people write them: decided for a column, followed in a file and in a stream alike, or refused."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_onnx.column_reading import ColumnReading
from lstm_onnx.data.followed import cell_number, followed
from lstm_onnx.data.table_options import TableOptions
from lstm_onnx.data.tables import numeric_column
from lstm_onnx.data.understanding import Understanding
from lstm_onnx.errors import UserError


def understood(*columns: list[str], where: str = "t.csv", **options: Any) -> Understanding:
    return Understanding(pl.DataFrame({f"x{i}": c for i, c in enumerate(columns)}), where, TableOptions(**options))


def numbers(*columns: list[str], **options: Any) -> list[float]:
    table = understood(*columns, **options)
    return numeric_column(table.with_numbers(table.frame.columns), "x0", "t.csv")[0].tolist()


@pytest.mark.parametrize("cells, values", [
    (["1.000,63", "988,5", "1.203"], [1000.63, 988.5, 1203]),
    (["1,000.63", "988.5", "1,203"], [1000.63, 988.5, 1203]),
    (["1000,6", "988"], [1000.6, 988]),
    (["0,123", "1,234"], [0.123, 1.234]),
    (["1.234.567", "5"], [1234567, 5]),
    (["1 234,5", "1\u00a0000", "7"], [1234.5, 1000, 7]),
    (["1'234.5", "1\u2019000.0"], [1234.5, 1000]),
    (["5 %", "7.5%"], [5, 7.5]),
    (["\u20ac 1.200,50", "-\u20ac3,00", "(2,50 \u20ac)"], [1200.5, -3, -2.5]),
    (["12 kW", "13kW"], [12, 13]),
    (["\u22125,5", "+1,5"], [-5.5, 1.5]),
    (["1.203", "9.888", "1.100"], [1.203, 9.888, 1.1]),  # as a program prints three decimals
    (["1.203", "98812"], [1.203, 98812]),  # a point that leaves 98812 alone parts no thousands
    (["true", "false"], [1, 0]),
])  # fmt: skip
def test_a_column_says_how_its_numbers_are_written(cells: list[str], values: list[float]) -> None:
    assert numbers(cells) == values


@pytest.mark.parametrize("cells, said", [
    (["1,234", "2,345"], "row 2, column 'x0': '1,234' may be 1234 or 1.234: say which with --decimal ."),
    (["988", "1.203"], "row 3, column 'x0': '1.203' may be 1203 or 1.203: say which with --decimal ."),
    (["1.5", "2,5", "3.5"], "row 3, column 'x0': holds '2,5' and '1.5', of which one has a decimal point"),
    (["5 kW", "300 W"], "holds '5 kW' and '300 W', of several units or of none; write all in one unit"),
    (["5 %", "0.05"], "of several units or of none"),
    (["1'000.5", "1 000.5"], "parts thousands by ' ' and by '''; write all alike"),
    (["1,5", "2.345.6"], "row 3, column 'x0': found '2.345.6' where a number is needed, written as the others are"),
])  # fmt: skip
def test_what_can_be_two_numbers_is_refused(cells: list[str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        numbers(cells)
    assert said in str(caught.value)


def test_options_and_other_columns_settle_it() -> None:
    assert numbers(["1,234", "2,345"], decimal=",") == [1.234, 2.345]
    assert numbers(["1,234", "2,345"], decimal=".") == [1234, 2345]
    assert numbers(["1,234", "2,345"], ["0,5", "0,25"]) == [1.234, 2.345]
    assert numbers(["1.203", "988"], ["1,5", "2,5"]) == [1203, 988]
    with pytest.raises(UserError, match=r"holds '0,5', and --decimal \. says otherwise; leave the option out"):
        numbers(["0,5", "0,25"], decimal=".")


def test_codes_for_missing_values() -> None:
    cells = ["15.5", "-999", "14", "-999.0", "13"] * 3
    values = numbers(cells, missing=("-999",))
    assert [v for v in values if not math.isnan(v)] == [15.5, 14, 13] * 3
    note = "-999 in 6 rows is far from all others (13 to 15.5); if it stands for a missing value, give --missing=-999"
    assert understood(cells).notes(["x0"]) == (f"column 'x0': {note}",)
    assert understood(cells).reading("x0", "target").odd == note
    assert understood([str(n) for n in range(-10, 10)]).code_of("x0") is None
    floats = Understanding(pl.DataFrame({"x0": [1.0, -999.0] * 5}), "t.parquet", TableOptions(missing=("-999",)))
    assert floats.with_numbers(["x0"]).get_column("x0").null_count() == 5


def test_ids_and_words_are_no_numbers() -> None:
    assert understood(["A1", "A2", "A3"]).numbers == set()
    assert understood(["12.05.2023", "13.05.2023"]).numbers == set()
    assert understood(["10:30", "11:30"]).numbers == set()


GERMAN = ColumnReading(column="x", role="target", kind="number", decimal=",", thousands=".", missing=("-99",))


def test_what_was_decided_is_followed_or_refused() -> None:
    frame = pl.DataFrame({"x": ["1.203", "7,5", "-99", "NA", None], "y": ["1.203"] * 5})
    found = followed(frame, (GERMAN,), "n.csv")
    assert found.get_column("x").to_list() == ["1203", "7.5", None, "na", None]
    assert found.get_column("y").to_list() == ["1.203"] * 5
    assert followed(frame, None, "n.csv") is frame
    with pytest.raises(UserError, match=r"^n\.csv: row 3, column 'x': found '12\.5' where a number is needed"):
        followed(pl.DataFrame({"x": ["7,5", "12.5"]}), (GERMAN,), Path("n.csv"))
    assert cell_number("12.5", GERMAN) is None
    assert cell_number("1.203", GERMAN) == 1203
    assert cell_number(7.5, GERMAN) == 7.5  # of JSON
    assert math.isnan(cell_number(-99, GERMAN) or 0)
    assert cell_number("12.5", None) == 12.5


def group(digits: str, mark: str) -> str:
    cut = len(digits) % 3 or 3
    return mark.join([digits[:cut], *(digits[i : i + 3] for i in range(cut, len(digits), 3))])


@given(
    st.lists(st.tuples(st.integers(-(10**7), 10**7), st.integers(0, 4), st.integers(0, 9999)), min_size=1, max_size=20),
    st.sampled_from([(".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", "'")]),
    st.sampled_from(["", " %", " kWh", "\u20ac"]),
)
def test_however_numbers_are_written_file_and_stream_agree_with_what_was_meant(
    parts: list[tuple[int, int, int]], marks: tuple[str, str], unit: str
) -> None:
    decimal, thousands = marks
    cells, meant = [], []
    for whole, places, fraction in parts:
        digits = f"{fraction:04d}"[:places]
        sign = "-" if whole < 0 else ""
        body = group(str(abs(whole)), thousands) if thousands else str(abs(whole))
        cells.append(f"{sign}{body}{decimal + digits if digits else ''}{unit}")
        meant.append(float(f"{sign}{abs(whole)}.{digits or '0'}"))
    table = understood(cells)
    try:
        plain = table.with_numbers(["x0"])
    except UserError as error:
        assert "may be" in str(error)  # refused only where no cell leaves no doubt
        return
    found = numeric_column(plain, "x0", "t.csv")[0].tolist()
    reading = table.reading("x0", "target")
    assert found == [cell_number(cell, reading) for cell in cells]
    if not any("if the point parts thousands" in note for note in table.notes(["x0"])):
        assert found == meant
