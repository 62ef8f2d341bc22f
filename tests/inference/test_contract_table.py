"""What training understood of a table is followed by `predict` and by streams, by name, or refused."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.inference.row_stream import stream_rows

SMALL = {"epochs": 1, "hidden": 4, "threads": 1, "horizon": 3, "window": 24}


def hours(count: int) -> list[str]:
    return [str(datetime(2023, 1, 1) + timedelta(hours=k)) for k in range(count)]


def german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


LOAD = [1000 + 100 * math.sin(k / 24 * 2 * math.pi) for k in range(240)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a file with decimal commas, thousands, a code for missing values, and an id."""
    folder = tmp_path_factory.mktemp("german")
    rows = [
        f"{t};{7 + k};{german(v) if k % 20 else '-999'};" for k, (t, v) in enumerate(zip(hours(240), LOAD, strict=True))
    ]
    (folder / "load.csv").write_text("time;id;load;site\n" + "\n".join(row + "A" for row in rows) + "\n")
    options = {**SMALL, "scaling": "global", "base": "none", "missing": ("-999",)}
    run = lo.train("forecasting", folder / "load.csv", runs=folder, **options)
    assert [(r.column, r.role, r.decimal, r.thousands) for r in run.record.understood] == [
        ("time", "time", None, None), ("id", "left out", ",", None), ("load", "target", ",", "."),
        ("site", "left out", None, None),
    ]  # fmt: skip
    assert run.record.understood[2].example == "-999" or run.record.understood[2].example == "1.025,88"
    run.export(folder / "load.onnx")
    run.export(folder / "stream.onnx", variant="streaming")
    return folder / "load.onnx"


def test_the_contract_has_what_was_understood_and_no_cell(model: Path) -> None:
    text = json.dumps(json.loads(model.with_suffix(".json").read_text())["table"])
    assert json.loads(text)["columns"][2] == {
        "column": "load", "role": "target", "kind": "number", "decimal": ",", "thousands": ".", "missing": ["-999"],
    }  # fmt: skip
    assert "example" not in text


def forecast(model: Path, frame: pl.DataFrame, name: str, mark: str = ",") -> list[float]:
    path = model.parent / name
    frame.write_csv(path, separator=mark)
    return lo.load(model).predict(path).table.get_column("load").to_list()


def test_other_files_are_read_as_the_first_was(model: Path) -> None:
    plain = pl.DataFrame({"time": hours(48), "load": LOAD[:48]})
    wanted = lo.load(model).predict(plain).table.get_column("load").to_list()
    text = plain.with_columns(load=pl.Series([german(v) for v in LOAD[:48]]))
    assert forecast(model, text, "comma.csv") == pytest.approx(wanted, rel=1e-4)
    assert forecast(model, text, "bar.csv", "|") == pytest.approx(wanted, rel=1e-4)
    whole = pl.DataFrame({"time": hours(48), "load": ["1.000"] * 48})  # by itself this may be 1 or 1000
    assert min(forecast(model, whole, "whole.csv")) > 500
    coded = plain.with_columns(load=pl.Series([-999.0, *LOAD[1:48]]))
    left = plain.with_columns(load=pl.Series([None, *LOAD[1:48]]))
    answers = [lo.load(model).predict(f).table.get_column("load").to_list() for f in (coded, left)]
    assert answers[0] == answers[1]


def test_what_is_written_otherwise_is_refused(model: Path) -> None:
    frame = pl.DataFrame({"time": hours(48), "load": ["1000.5"] * 48})
    with pytest.raises(UserError, match=r"point\.csv: row 2, column 'load': found '1000\.5' where a number is needed"):
        forecast(model, frame, "point.csv")
    with pytest.raises(UserError, match=r"no column 'load'; did you mean 'Load'\?"):
        forecast(model, pl.DataFrame({"time": hours(48), "Load": LOAD[:48]}), "name.csv")


def test_columns_that_training_did_not_have_are_not_used(model: Path) -> None:
    frame = pl.DataFrame({"time": hours(48), "load": LOAD[:48], "age": [30] * 48, "id": [1] * 48})
    notes = lo.load(model).predict(frame).notes
    assert "not used, as training did not have them: 'age'" in notes


def test_a_stream_reads_as_a_file(model: Path) -> None:
    cells = [german(v) for v in LOAD[:30]]
    lines = ["time|load", *(f"{t}|{c}" for t, c in zip(hours(30), cells, strict=True))]
    plain = [
        json.dumps({"time": t, "load": v}) for t, v in zip(hours(30), map(lambda v: round(v, 2), LOAD), strict=False)
    ]
    found, wanted = (list(stream_rows(lo.load(model.parent / "stream.onnx"), some)) for some in (lines, plain))
    last, same = (np.array(json.loads(answers[-1])["forecast"], float) for answers in (found, wanted))
    np.testing.assert_allclose(last, same, rtol=1e-5)
    with pytest.raises(UserError, match=r"line 2: .*'1000\.5' is not a number as training had them"):
        list(stream_rows(lo.load(model.parent / "stream.onnx"), ["time|load", f"{hours(1)[0]}|1000.5"]))


def test_programs_do_not_read_what_they_would_read_otherwise(model: Path) -> None:
    from lstm_onnx.embedding.from_contract import project_of

    contract = lo.load(model).require_contract()
    assert project_of(contract, 0, "0").mode == "library"
    assert contract.table is not None
    plain = contract.model_copy(update={"table": contract.table.model_copy(update={"columns": None})})
    assert project_of(plain, 0, "0").mode == "window"


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of three shops: their region, whether they are open, and holidays are words."""
    folder = tmp_path_factory.mktemp("shops")
    rows = []
    for shop, region in (("007", "north"), ("008", "south"), ("9", "North")):
        for k in range(80):
            day = datetime(2023, 1, 1) + timedelta(days=k)
            opened = "no" if day.weekday() == 6 else "yes"
            sold = 0.0 if opened == "no" else 20 + 5 * math.sin(k)
            holiday = "Spring  Day" if k % 20 == 5 else ""
            rows.append(
                {
                    "shop": shop,
                    "region": region,
                    "day": f"{day:%Y-%m-%d}",
                    "sold": sold,
                    "open": opened,
                    "holiday": holiday,
                }
            )
    pl.DataFrame(rows).write_csv(folder / "shops.csv")
    options = {"series": "shop", "static": "region", "future": ("open", "holiday"), "scaling": "global"}
    run = lo.train("forecasting", folder / "shops.csv", runs=folder, **{**SMALL, "window": 7}, **options)
    run.export(folder / "shops.onnx")
    return folder / "shops.onnx"


def ahead(table: pl.DataFrame) -> pl.DataFrame:
    days = pl.col("day") >= "2023-03-19"
    return table.with_columns(sold=pl.when(days).then(None).otherwise(pl.col("sold")))


def test_columns_of_words_become_inputs(shops: Path) -> None:
    model = lo.load(shops)
    contract = model.require_contract()
    assert contract.table is not None
    assert {r.column: r.levels for r in contract.table.columns or () if r.levels} == {
        "region": ("north", "south"), "open": ("no", "yes"), "holiday": ("Spring  Day",),
    }  # fmt: skip
    columns = [c for t in contract.external_inputs for c in getattr(t.source, "columns", ()) if "=" in c]
    assert set(columns) == {"region=north", "region=south", "open=no", "open=yes", "holiday=Spring  Day"}
    table = ahead(
        pl.read_csv(shops.with_suffix(".csv"), infer_schema=False).with_columns(pl.col("sold").cast(pl.Float64))
    )
    found = model.predict(table)
    assert found.table.get_column("shop").unique(maintain_order=True).to_list() == ["007", "008", "9"]
    assert found.notes == ()
    strange = model.predict(table.with_columns(region=pl.lit("east")))
    assert any(
        note.startswith("column 'region': 'east' (the first in row 1) was not in training") for note in strange.notes
    )
    assert strange.table.get_column("sold").to_list() != found.table.get_column("sold").to_list()
    with pytest.raises(UserError, match="no column 'open'"):
        model.predict(table.drop("open"))


def test_words_of_training_hold_where_other_data_is_scored(shops: Path) -> None:
    table = pl.read_csv(shops.with_suffix(".csv"), infer_schema=False).filter(pl.col("region") != "south")
    assert lo.evaluate(shops, table).examples > 0
