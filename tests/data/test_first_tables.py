"""Tables as newcomers have them, written after the real thing: read as they stand, or refused in a line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from lstm_onnx.data.tables import read_table
from lstm_onnx.data.text_facts import reading_notes
from lstm_onnx.errors import UserError
from lstm_onnx.plugins.registry import load_task

QUARTERS = [dt.datetime(2023, 12, 24) + dt.timedelta(minutes=15 * k) for k in range(96 * 8)]
METER = """Zähler;DE00012345\r
Zeitraum;24.12.2023 - 31.12.2023\r
\r
Datum/Uhrzeit;Verbrauch;Leistung;Status\r
; kWh;kW;\r
"""


def load(source: Path, task: str, **options: Any) -> Any:
    found = load_task(task).task
    return found.load_data(source, found.Config(**options), np.random.default_rng(0))


def german(value: float) -> str:
    return f"{value:,.3f}".translate(str.maketrans(",.", ".,"))


def daily(cells: str = "", days: int = 60) -> str:
    """Rows of a day, a shop, sales and visitors, and what a spreadsheet leaves at their end."""
    day = dt.date(2023, 1, 1)
    return "".join(f"{day + dt.timedelta(k)};Main;{200 + 50 * (k % 7)}.5;{90 + k % 7}{cells}\n" for k in range(days))


def test_an_export_of_a_meter(tmp_path: Path) -> None:
    """With a name and its value in each line above the header, a line of units, and numbers as Germans write them."""
    path = tmp_path / "meter.csv"
    rows = [f"{t:%d.%m.%Y %H:%M};{german(260 + t.hour)};{german(1040 + 4 * t.hour)};W\r\n" for t in QUARTERS]
    path.write_text(METER + "".join(rows), newline="")
    data = load(path, "forecasting", horizon=4)
    assert {r.column: (r.role, r.decimal, r.thousands) for r in data.understood} == {
        "Datum/Uhrzeit": ("time", None, None),
        "Verbrauch": ("target", ",", None),
        "Leistung": ("target", ",", "."),
        "Status": ("left out", None, None),
    }
    assert data.notes[:2] == (
        "rows 1 to 3 ('Zähler;DE00012345' …) stand above the header: passed over",
        "row 5 (' kWh', 'kW') holds no data, such as units: passed over",
    )
    assert "768 rows of 15m from 2023-12-24 to 2023-12-31 23:45" in data.summary
    path.write_text(METER.splitlines()[0] + "\n" + "Datum;Wert\n" + "".join(rows), newline="")
    with pytest.raises(UserError, match=r"row 1 \('Zähler;DE00012345'\) should name the columns, and has 2 cells where "
                       r"most rows below have 4; name each column, or delete what stands above"):  # fmt: skip
        read_table(path)
    path.write_bytes((METER + "".join(rows)).encode("cp1252"))
    with pytest.raises(UserError, match=r"row 1: is not UTF-8 text .* save it as UTF-8, or convert it"):
        read_table(path)


def test_a_header_without_a_name_for_the_last_column_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("".join(["day;shop;sold\n", *(f"{d + 1}.1.2024;Main;{d},5;3\n" for d in range(9))]))
    with pytest.raises(UserError, match=r"row 1 \('day;shop;sold'\) should name the columns, and has 3 cells where"):
        read_table(path)


def test_what_a_spreadsheet_leaves_beside_and_below(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text("Date;Store;Sales;Visitors;;;\n" + daily(";;;") + "Total;;21000.5;5580;;;\n", encoding="utf-8-sig")
    data = load(path, "forecasting", horizon=4)
    assert [r.column for r in data.understood if r.odd == "is empty"] == ["column 5", "column 6", "column 7"]
    assert data.notes[:3] == (
        "row 62 ('Total') adds up others: passed over",
        "not used, because they hold no numbers: Store",
        "not used, because they are empty: column 5, column 6, column 7",
    )
    data = load(path, "regression", target=("Sales",))
    roles = {r.column: r.role for r in data.understood}
    assert [roles[f"column {k}"] for k in (5, 6, 7)] == ["left out"] * 3, "a column without a cell is no category"
    assert (roles["Date"], roles["Store"], roles["Visitors"]) == ("left out", "category", "number")


def test_clocks_that_are_changed(tmp_path: Path) -> None:
    hours = [dt.datetime(2023, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=k) for k in range(24 * 365)]
    told = [t.astimezone(ZoneInfo("Europe/Berlin")) for t in hours]
    path = tmp_path / "load.csv"
    path.write_text("time,load\n" + "".join(f"{t:%Y-%m-%d %H:%M},{t.hour + 100}\n" for t in told))
    data = load(path, "forecasting", horizon=4)
    assert data.notes == (
        "clock change: 1 row of an hour that comes twice when clocks go back (the first is row 7227); both are "
        "averaged (--repeated says otherwise)",
        "1 of 8,760 rows were not there and count as missing",
    )


def test_text_that_a_spreadsheet_calls_unicode(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_text("Datum\tUmsatz\n" + "".join(f"{d + 1}.1.2024\t{d},5\n" for d in range(9)), encoding="utf-16")
    with pytest.raises(
        UserError, match=r"excel\.csv: is UTF-16 text; save it as UTF-8 \(in a spreadsheet: 'CSV UTF-8'"
    ):
        read_table(path)


def test_labels_that_are_written_in_several_ways(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    labels = ["good", "good ", "Good", "bad"] * 12
    path.write_text("review,label\n" + "".join(f"a {c} thing of {k},{c}\n" for k, c in enumerate(labels)))
    data = load(path, "classification")
    assert "48 texts of 3 classes" in data.summary  # spaces at the end say nothing
    assert (
        "the classes 'Good' (12) and 'good' (24) differ in capitals or spaces alone: each is taken as a class of its "
        "own; write them alike in the table if they are one"
    ) in data.notes


def test_texts_of_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    texts = [f'"a {w} thing,\nsaid ""{w}"" by all\n\nof {k}",{w}\n' for k, w in enumerate(["good", "bad"] * 12)]
    path.write_text("text,label\n" + "".join(texts))
    frame = read_table(path)
    assert frame.row(1) == ('a bad thing,\nsaid "bad" by all\n\nof 1', "bad")
    assert (frame.height, reading_notes(path)) == (24, ())
    assert "24 texts of 2 classes" in load(path, "classification").summary
