"""What stands around the data of a text table is passed over and noted; a stray quotation mark swallows nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_onnx.data.tables import read_table, row_number
from lstm_onnx.data.text_facts import reading_notes
from lstm_onnx.data.text_table import NoHeader
from lstm_onnx.errors import UserError

HOURS = [f"2023-01-01 {h:02d}:00" for h in range(12)]
ROWS = [[hour, f"{10 + k}.5"] for k, hour in enumerate(HOURS)]


def table(rows: list[list[str]], mark: str = ",") -> str:
    return "".join(mark.join(row) + "\n" for row in rows)


def read(
    folder: Path, text: str, name: str = "t.csv", **more: object
) -> tuple[list[str], list[tuple[str, ...]], tuple[str, ...]]:
    path = folder / name
    path.write_text(text)
    frame = read_table(path, **more)  # type: ignore[arg-type]
    return frame.columns, frame.rows(), reading_notes(path)


PLAIN = (["time", "load"], [tuple(row) for row in ROWS])


@pytest.mark.parametrize("text, note", [
    (table([["time", "load"], *ROWS], "|"), None),
    ("sep=;\n" + table([["time", "load"], *ROWS], ";"),
     "row 1 ('sep=;') says what separates cells, and is passed over"),
    ("# station 7\n# of 2023\n" + table([["time", "load"], *ROWS]),
     "rows 1 to 2 ('# station 7' …) stand above the header: passed over"),
    ("Report\n\n" + table([["time", "load"], *ROWS]), "rows 1 to 2 ('Report' …) stand above the header: passed over"),
    (table([["time", "load"], ["UTC", "kW"], *ROWS]), "row 2 ('UTC', 'kW') holds no data, such as units: passed over"),
    (table([["time", "load"], *ROWS[:5], ["time", "load"], *ROWS[5:]]), "row 7 repeats the header: passed over"),
    (table([["time", "load"], *ROWS[:5]]) + "\n\r\n" + table(ROWS[5:]), "row 7 (and 1 more) is empty: passed over"),
    (table([["time", "load"], *ROWS[:5], ["", ""], *ROWS[5:]]), "row 7 is empty: passed over"),
    (table([["time", "load"], *ROWS, ["Total", "192"]]), "row 14 ('Total') adds up others: passed over"),
])  # fmt: skip
def test_what_is_no_data_is_passed_over_and_noted(tmp_path: Path, text: str, note: str | None) -> None:
    columns, rows, notes = read(tmp_path, text)
    assert (columns, rows) == PLAIN
    assert notes == ((note,) if note else ())


def test_rows_are_numbered_as_an_editor_numbers_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    read(tmp_path, "# station\n" + table([["time", "load"], ["UTC", "kW"], *ROWS[:2]]) + "\n" + table(ROWS[2:]))
    assert [row_number(path, index) for index in (0, 1, 2)] == [4, 5, 7]
    read(tmp_path, table([["time", "load"], *ROWS]))
    assert row_number(path, 0) == 2


@pytest.mark.parametrize("text", [
    "label,text\ngood,a fine film\nbad,so dull\ngood,fine\nbad,no\ngood,yes\n",  # words alone
    "id,text\na1,total\na2,fine\na3,no\na4,yes\na5,sum\n",  # ids begin with letters
    "label,0,1,2,3\nup,1,2,3,4\ndown,5,6,7,8\nup,1,2,3,4\ndown,5,6,7,8\nup,1,2,3,4\n",  # numbered steps
    "country,1990,1991,1992\nA,1,2,3\nB,1,2,3\nC,1,2,3\nD,1,2,3\n",
    "#time,load\n2020,1.5\n2021,2.5\n",  # a header that begins with #
])  # fmt: skip
def test_rows_of_data_stay(tmp_path: Path, text: str) -> None:
    columns, rows, notes = read(tmp_path, text)
    assert [columns, *map(list, rows)] == [line.split(",") for line in text.splitlines()]
    assert notes == ()


@pytest.mark.parametrize("text, name", [
    (table(ROWS), "t.csv"),
    ("".join(f"{kind}\ta message of words {k}\n" for k, kind in enumerate(["ham", "spam"] * 6)), "t.tsv"),
    (table([[str(1 + k % 2), *(f"{k + s}.25" for s in range(5))] for k in range(8)]), "t.csv"),
])  # fmt: skip
def test_a_first_line_of_data_is_no_header(tmp_path: Path, text: str, name: str) -> None:
    with pytest.raises(NoHeader, match=r"row 1 seems to be data .*add a header row, or give the names with --header"):
        read(tmp_path, text, name)
    names = ["a", "b", "c", "d", "e", "f"][: len(text.splitlines()[0].replace("\t", ",").split(","))]
    columns, rows, _ = read(tmp_path, text, name, names=names)
    assert (columns, len(rows)) == (names, len(text.splitlines()))
    assert row_number(tmp_path / name, 0) == 1


def test_names_are_given_once_and_for_all_columns(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="row 1: has 2 cells, and 1 names of columns are given"):
        read(tmp_path, table(ROWS), names=["time"])
    assert read(tmp_path, table([["time", "load"], *ROWS]), names=["time", "load"])[:2] == PLAIN


TEXTS = [["text", "label"], *([f"film {k} was fine", "good"] for k in range(10))]


@pytest.mark.parametrize("mark, name", [("\t", "t.tsv"), (",", "t.csv")])
def test_a_stray_quotation_mark_is_a_character(tmp_path: Path, mark: str, name: str) -> None:
    texts = [list(row) for row in TEXTS]
    texts[3][0] = '"film 2 was fine'
    texts[8][0] = 'film 7 was fine"'
    columns, rows, notes = read(tmp_path, table(texts, mark), name)
    assert [columns, *map(list, rows)] == texts
    assert notes == (
        "row 4 (and in 1 more rows): a quotation mark that is not closed within the row is read as a character",
    )
    texts[8][0] = "film 7 was fine"
    assert list(map(list, read(tmp_path, table(texts, mark), name)[1])) == texts[1:]


def test_a_cell_in_quotes_may_hold_lines(tmp_path: Path) -> None:
    text = 'text,label\n"one line,\nanother ""line""\n\nand a third",good\nplain,bad\n'
    _, rows, notes = read(tmp_path, text)
    assert rows == [('one line,\nanother "line"\n\nand a third', "good"), ("plain", "bad")]
    assert notes == ()


def test_an_open_quotation_mark_that_shifts_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="row 2: has a quotation mark that is not closed within the row, and 3 cells"):
        read(tmp_path, 'text,label\n"one, two,good\nplain,bad\n')


def test_separators_are_told_by_all_rows(tmp_path: Path) -> None:
    text = "time;Power, kW;Temp, C\n" + table([[hour, "1,5", "2,5"] for hour in HOURS], ";")
    assert read(tmp_path, text)[0] == ["time", "Power, kW", "Temp, C"]


def test_a_cell_may_be_as_long_as_a_novel(tmp_path: Path) -> None:
    novel = "film " * 60_000
    path = tmp_path / "texts.csv"
    path.write_text(f'text,label\nshort,a\n"{novel}",b\n{novel},c\n')
    assert read_table(path).get_column("text").str.len_chars().to_list() == [5, len(novel), len(novel)]


def test_line_ends_of_two_kinds_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mixed.csv"
    path.write_bytes(b'a,b\n"x",y\rz\n')
    with pytest.raises(UserError, match="carriage return stands alone within a line"):
        read_table(path)


def test_months_above_numbers_are_names(tmp_path: Path) -> None:
    path = tmp_path / "months.csv"
    path.write_text("sku,2015-01,2015-02\n" + "".join(f"p{k},{100 + k}.1,{90 + k}.2\n" for k in range(9)))
    assert read_table(path).columns == ["sku", "2015-01", "2015-02"]
