"""Tables: what is read, what is refused and in which words, and what is written."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lstm_onnx.data.atomic_files import replacing, write_atomically
from lstm_onnx.data.cells import parse_number
from lstm_onnx.data.tables import is_numeric, numeric_column, read_table, require, row_number, write_table
from lstm_onnx.data.timestamps import require_asked, require_time
from lstm_onnx.errors import UserError


def written(folder: Path, content: str | bytes, name: str = "load.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_table(path)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(str(path))
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize("name, text", [
    ("a.csv", "time,load\n2020,1.50\n2021,\n"),
    ("b.csv", "time;load\n2020;1.50\n2021;\n"),
    ("c.tsv", "time\tload\n2020\t1.50\n2021\t\n"),
    ("d.csv", "\ufefftime,load\r\n2020,1.50\r\n2021,\r\n\r\n"),
    ("e.csv", 'time,"load"\n"2020","1.50"\n2021,\n'),
    ("f.csv", "time\tload\n2020\t1.50\n2021\t\n"),
    ("g.csv", "time, load\r2020,1.50\r2021,\r"),
])  # fmt: skip
def test_text_tables_read_alike_and_stay_text(tmp_path: Path, name: str, text: str) -> None:
    frame = read_table(written(tmp_path, text, name))
    assert frame.to_dict(as_series=False) == {"time": ["2020", "2021"], "load": ["1.50", None]}


@pytest.mark.parametrize("name, text", [
    ("a.json", '[{"time": "2020", "load": 1.5}, {"time": "2021", "load": null}]'),
    ("a.jsonl", '{"time": "2020", "load": 1.5}\n\n{"time": "2021", "load": null}\n'),
])  # fmt: skip
def test_json_records_read(tmp_path: Path, name: str, text: str) -> None:
    frame = read_table(written(tmp_path, text, name))
    assert frame.to_dict(as_series=False) == {"time": ["2020", "2021"], "load": [1.5, None]}


def test_a_nameless_row_count_is_left_out_and_other_nameless_columns_are_not(tmp_path: Path) -> None:
    assert read_table(written(tmp_path, ",load\n0,5\n1,6\n")).columns == ["load"]
    assert read_table(written(tmp_path, ",load\n2020-01-01,5\n2020-01-02,6\n")).columns == ["column 1", "load"]


@pytest.mark.parametrize("content, said", [
    (b"", "is empty; choose another file"),
    (b"\n\n", "is empty; choose another file"),
    (b"time,load\n", "has a header but no rows"),
    (b"time,load\n2020,1\n2021\n2022\n", "row 3: has 1 cell where the header has 2 (and 1 more rows)"),
    (b'time,load\n2020,"1\n2"\n2021,1,2\n', "row 3: has 3 cells where the header has 2"),
    (b"load,time,load\n1,2,3\n", "columns 1 and 3 are both called 'load'; rename one of them"),
    (b"2020,1.5\n2021,2.5\n", "row 1 seems to be data ('2020,1.5': it holds nothing but numbers)"),
    ("time,load\n2020,1\n2021,caf\u00e9\n".encode("latin-1"), "row 3: is not UTF-8 text (found the byte 0xe9)"),
    ("time,load\n2020,1\n".encode("utf-16"), "is UTF-16 text; save it as UTF-8"),
    (b"time,load\n2020,\0\n", "is not a text table (it holds zero bytes)"),
])  # fmt: skip
def test_broken_text_is_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(written(tmp_path, content))


def test_wrong_paths_are_refused(tmp_path: Path) -> None:
    written(tmp_path, "a,b\n1,2\n", "traffic.csv")
    assert refusal(tmp_path / "trafic.csv") == "no such file; did you mean 'traffic.csv'?"
    assert refusal(tmp_path / "no" / "trafic.csv") == "no such file; check the spelling and the folder"
    assert refusal(tmp_path) == "is a folder; give one file, such as traffic.csv"
    assert refusal(written(tmp_path, "x", "a.xlsx")).startswith("files of type '.xlsx' are not read; use one of .csv")


@pytest.mark.parametrize("name, content, said", [
    ("a.parquet", "no parquet", "cannot be read as parquet"),
    ("a.json", "[1,", "is not JSON at line 1, column 4"),
    ("a.json", '{"time": [1]}', "holds JSON that is no list of records"),
    ("a.jsonl", '{"a": 1}\n[2]\n', "holds JSON that is no list of records"),
    ("a.json", '[{"a": 1}, {"a": [2]}]', "its records do not make columns of one type"),
    ("a.json", b"[\xe9]", "row 1: is not UTF-8 text (found the byte 0xe9)"),
])  # fmt: skip
def test_broken_files_of_other_types_are_refused(tmp_path: Path, name: str, content: str | bytes, said: str) -> None:
    assert said in refusal(written(tmp_path, content, name))


def test_rows_count_as_in_an_editor() -> None:
    assert row_number("a.csv", 0) == 2
    assert row_number("a.parquet", 0) == 1
    assert row_number("the table", 4) == 5


def column(*cells: object) -> pl.DataFrame:
    return pl.DataFrame({"load": pl.Series(cells)})


def test_every_spelling_of_missing_is_nan() -> None:
    cells = ["1", "", "NA", "NaN", "nan", "null", "?", " - ", None, "N/A", "None", " +2e1 "]
    values, notes = numeric_column(column(*cells), "load", "a.csv")
    np.testing.assert_array_equal(values, [1, *[np.nan] * 10, 20])
    assert notes == ()


def test_truth_is_a_number_and_typed_columns_pass() -> None:
    assert numeric_column(column("True", "false"), "load", "a.csv")[0].tolist() == [1, 0]
    assert numeric_column(column(True, False), "load", "a.parquet")[0].tolist() == [1, 0]
    assert numeric_column(column(3, 4), "load", "a.parquet")[0].dtype == np.float64


def test_infinity_is_missing_and_noted() -> None:
    values, notes = numeric_column(column("1", "inf", "-Infinity"), "load", "a.csv")
    np.testing.assert_array_equal(values, [1, np.nan, np.nan])
    assert notes == ("column 'load': 2 infinite values (the first in row 3) taken as missing",)
    values, notes = numeric_column(column("1", "-3.5e38", "3.4e38"), "load", "a.csv")  # a model takes 32 bits
    np.testing.assert_array_equal(values, [1, np.nan, 3.4e38])
    assert notes == ("column 'load': 1 infinite value (the first in row 3) taken as missing",)
    assert math.isnan(parse_number("3.5e38") or 0)


@pytest.mark.parametrize("cell, hint", [
    ("12,5", "if the comma is a decimal comma write 12.5, else leave it out"),
    ("1 200", "write it without spaces and marks between digits: 1200"),
    ("1'200,5", "write it without spaces and marks between digits: 1200.5"),
    ("1,200,300", "write it without commas between digits: 1200300"),
    ("5%", "write it without the sign: 5"),
    ("abc", "correct it, or leave the cell empty if the value is not known"),
])  # fmt: skip
def test_other_cells_are_refused_with_a_hint(cell: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        numeric_column(column("1", None, cell, cell), "load", "a.csv")
    assert str(caught.value) == (
        f"a.csv: row 4, column 'load': found '{cell}' where a number is needed (and 1 more such cells); {hint}"
    )


def test_unknown_columns_and_types_are_refused() -> None:
    with pytest.raises(UserError, match=r"^a.csv: there is no column 'lood'; did you mean 'load'\?$"):
        numeric_column(column("1"), "lood", "a.csv")
    with pytest.raises(UserError, match=r"holds List.Int64., where numbers are needed"):
        numeric_column(column([1]), "load", "a.parquet")


WEATHER = pl.DataFrame(
    {"Lat": ["51.5"] * 3, "Rate": ["1", "2", "3"], "Wind Speed": ["4"] * 3, "Measured": ["1.2.2024", "2.2.2024", ""]}
)


@pytest.mark.parametrize("asked, option, said", [
    ("lat", "--past", "; did you mean 'Lat'?"),  # capitals apart
    ("rtae", "--past", "; did you mean 'Rate'?"),  # spelt alike
    ("speed", "--past", "; did you mean 'Wind Speed'?"),  # one of its words
    ("date", "--series", "; did you mean 'Rate'?"),
    ("date", "--time", "; column 'Measured' holds times"),  # which Rate does not, however alike it is spelt
    ("mesured", "--time", "; did you mean 'Measured'?"),
    ("humidity", "--past", "; there is: Lat, Measured, Rate, Wind Speed"),
])  # fmt: skip
def test_a_hint_names_a_column_that_may_well_be_meant(asked: str, option: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        require_asked(WEATHER, asked, "w.csv", option)
    assert str(caught.value) == f"w.csv: there is no column '{asked}' (from {option}){said}"


def test_without_times_a_hint_names_no_column_that_is_spelt_otherwise() -> None:
    with pytest.raises(UserError, match=r"there is no column 'date' \(from --time\); there is: Lat, Wind Speed$"):
        require_time(WEATHER.select("Lat", "Wind Speed"), "date", "w.csv", "--time")
    with pytest.raises(UserError, match=r"; columns 'Begin', 'End' hold times$"):
        require_time(pl.DataFrame({"Begin": ["2024-01-01"], "End": ["2024-01-02"]}), "t", "w.csv")


def test_of_many_columns_a_hint_lists_some() -> None:
    with pytest.raises(UserError, match=r"there is: c10, .*, c29 and 10 more$"):
        require(pl.DataFrame({f"c{i}": [1] for i in range(10, 40)}), "load", "w.csv")


def test_a_name_with_a_line_break_is_found_as_one_line(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text('load,"wind\nspeed"\n1,2\n3,4\n')
    frame = read_table(tmp_path / "odd.csv")
    require(frame, "wind speed", "odd.csv")
    with pytest.raises(UserError, match=r"line breaks .* count as one space; write 'wind speed'"):
        require(frame, "wind\nspeed", "odd.csv", "--past")


def test_a_column_with_a_few_bad_cells_is_still_numeric() -> None:
    assert is_numeric(pl.Series(["1", "x", "3", None, "NA"]))
    assert not is_numeric(pl.Series(["a", "b", "3"]))
    assert not is_numeric(pl.Series([None, "NA"], dtype=pl.String))


FRAME = pl.DataFrame({
    "time": pl.Series([0, 3600]),
    "day": pl.Series([0, 86400]),
    "load": pl.Series([0.1, float("nan")], dtype=pl.Float32),
}).with_columns(pl.from_epoch("time", "s"), pl.from_epoch("day", "s").cast(pl.Date))  # fmt: skip


def test_tables_are_written_for_people(tmp_path: Path) -> None:
    write_table(FRAME, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == (
        "time,day,load\n1970-01-01 00:00:00,1970-01-01,0.1\n1970-01-01 01:00:00,1970-01-02,\n"
    )
    write_table(FRAME, tmp_path / "a.tsv")
    assert (tmp_path / "a.tsv").read_text().splitlines()[0] == "time\tday\tload"
    write_table(FRAME, tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == [
        {"time": "1970-01-01 00:00:00", "day": "1970-01-01", "load": 0.1},
        {"time": "1970-01-01 01:00:00", "day": "1970-01-02", "load": None},
    ]
    write_table(FRAME, tmp_path / "a.parquet")
    back = read_table(tmp_path / "a.parquet")
    assert back.schema == FRAME.schema
    assert back.get_column("load").null_count() == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "a.json", "a.parquet", "a.tsv"]


def test_tables_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tables are not written as '.xlsx'; use one of .csv"):
        write_table(FRAME, tmp_path / "a.xlsx")
    with pytest.raises(UserError, match=r"its folder does not exist; create .*/no first$"):
        write_table(FRAME, tmp_path / "no" / "a.csv")
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(UserError, match="is a folder; give the name of a file in it"):
        write_table(FRAME, tmp_path / "b.csv")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomically(path, "old")
    with pytest.raises(ZeroDivisionError), replacing(path) as beside:
        beside.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    write_atomically(path, b"new")
    assert path.read_text() == "new"


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written: No space left on device"), replacing(tmp_path / "a.txt"):
        raise OSError(28, "No space left on device")
