"""One rule says what a cell is: of a file, of a stream, and (`tests/embedding/test_programs.py`) of a program."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lstm_onnx.data.cells import NAN_WORDS, parse_number, refuse_equal_names, separator, split_line
from lstm_onnx.data.tables import numeric_column, read_table
from lstm_onnx.errors import UserError
from lstm_onnx.inference.row_stream import _number

MISSING = [*NAN_WORDS, "N/A", "NaN", "None", "NULL", "-Inf", "Infinity", "1e999", "-1E999", " na "]
NUMBERS = {"1": 1, "+1.50": 1.5, "-.5": -0.5, "2.": 2, "1e3": 1000, "1E-3": 0.001, "true": 1, "False": 0, " 7 ": 7}
WORDS = ["0x10", "1_000", "12\0", "1f", "0x1p3", "1,5", "e5", "1e", ".", "+", "--1", "\uff11", "1 000", "many", "n.a."]


def in_a_file(cell: str) -> float:
    return float(numeric_column(pl.DataFrame({"x": ["0", cell]}), "x", "t.csv")[0][1])


def in_a_stream(cell: str) -> float:
    return _number({"x": cell}, "x")


@pytest.mark.parametrize("read", [in_a_file, in_a_stream])
def test_a_cell_says_the_same_in_a_file_and_in_a_stream(read) -> None:
    assert [cell for cell in MISSING if not math.isnan(read(cell))] == []
    assert {cell: read(cell) for cell in NUMBERS} == NUMBERS
    for cell in WORDS:
        with pytest.raises(UserError, match="number"):
            read(cell)


def test_values_of_json() -> None:
    assert [parse_number(v) for v in (1, 2.5, True, 10**400)][:3] == [1, 2.5, 1]
    assert all(math.isnan(parse_number(v) or 0) for v in (None, math.inf, math.nan, 10**400))
    assert [parse_number(v) for v in ([1], {}, b"1")] == [None] * 3


@pytest.mark.parametrize(
    ("header", "mark"),
    [("a,b", ","), ("a;b", ";"), ("a\tb", "\t"), ("a", ","), ("a,b;c", ","), ("a;b (x, y);c", ";"),
     ('"a;b;c",d', ","), ('"x, y, z";b', ";")],
)  # fmt: skip
def test_what_separates_cells(tmp_path: Path, header: str, mark: str) -> None:
    assert separator(header) == mark
    cells = split_line(header, mark)
    (tmp_path / "t.csv").write_text(f"{header}\n{mark.join(str(i) for i in range(len(cells)))}\n")
    assert read_table(tmp_path / "t.csv").columns == cells


def test_two_columns_of_one_name_are_refused() -> None:
    refuse_equal_names(["a", "", "b", ""], "t.csv")
    with pytest.raises(UserError, match=r"t\.csv: columns 1 and 3 are both called 'a'; rename one of them"):
        refuse_equal_names(["a", "b", "a"], "t.csv")


def test_a_whole_column_is_read_as_its_cells_are() -> None:
    cells = [*MISSING, *NUMBERS]
    whole = numeric_column(pl.DataFrame({"x": cells}), "x", "t.csv")[0]
    np.testing.assert_array_equal(whole, [parse_number(cell) for cell in cells])
