"""Sequences that several columns tell apart together: read by each task, asked, and answered by these columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from lstm_onnx_anomaly.model import ROWS
from lstm_onnx_anomaly.reading import read as read_anomaly
from lstm_onnx_classification.options import Config as Classified
from lstm_onnx_classification.reading import read as read_classified

from lstm_onnx.contract import Table
from lstm_onnx.data.columns import group_rows, joined_name
from lstm_onnx.data.sequences import long_sequences, name_in
from lstm_onnx.data.times_across import names_of_rows
from lstm_onnx.data.windows import cut_windows, rows_of
from lstm_onnx.errors import UserError
from lstm_onnx.inference.kept_columns import beside
from lstm_onnx.inference.output_table import to_table
from lstm_onnx.inference.row_stream import _wanted
from lstm_onnx.inference.table_inputs import read_inputs
from lstm_onnx.plugins.registry import load_task
from tests.inference.test_sequence_inputs import series

BOTH = Table(series="subject", series_with=("trial",))


def trials() -> pl.DataFrame:
    """Six trials of three people, of 4 to 9 rows each; trials are numbered anew for each person."""
    rows = [
        (f"p{s}", t, k, float(10 * s + t), k + 0.5 * t, "ab"[(s + t) % 2], float(s - t))
        for s in range(3)
        for t in (1, 2)
        for k in range(4 + s + t)
    ]
    return pl.DataFrame(rows, schema=["subject", "trial", "t", "x", "y", "label", "target"], orient="row")


def test_names_and_columns_are_those_of_both() -> None:
    found = long_sequences(trials(), "f", sequence=("subject", "trial"), time="t", columns=["x"])
    assert found.names == ("p0 · 1", "p0 · 2", "p1 · 1", "p1 · 2", "p2 · 1", "p2 · 2")
    assert [len(v) for v in found.values] == [5, 6, 6, 7, 7, 8]
    assert [v[0, 0] for v in found.values] == [1, 2, 11, 12, 21, 22]
    assert found.ids is not None
    assert found.ids.rows()[:2] == [("p0", 1), ("p0", 2)]
    with pytest.raises(
        UserError, match=r"row 3, column 't': repeats the time 0 of row 2 of sequence 'p0 · 1' \(and 17"
    ):
        long_sequences(
            trials().with_columns(t=pl.col("t") // 2), "f.csv", sequence=("subject", "trial"), time="t", columns=["x"]
        )


def test_a_part_of_a_name_may_be_empty_but_not_all_of_it() -> None:
    """As of the province of a country that has none."""
    rows = [(None, "France", 1), ("", "France", 2), ("  ", "France", 3), ("Reunion", "France", 1), (None, "Italy", 1)]
    frame = pl.DataFrame(rows, schema=["province", "country", "t"], orient="row").with_columns(x=pl.lit(1.0))
    found = long_sequences(frame, "f.csv", sequence=("province", "country"), time="t", columns=["x"])
    assert found.names == ("- · France", "Reunion · France", "- · Italy")
    assert [len(v) for v in found.values] == [3, 1, 1]
    assert name_in(frame, ("province", "country"), 2) == "- · France"
    nameless = pl.concat([frame, frame[:1].with_columns(country=pl.lit(" "))])
    with pytest.raises(
        UserError, match=r"^f.csv: row 7, columns 'province' and 'country': the name of the sequence is"
    ):
        long_sequences(nameless, "f.csv", sequence=("province", "country"), time="t", columns=["x"])


def test_what_a_part_holds_never_makes_one_name_of_two() -> None:
    """As a shop that is called by the mark that stands between parts, or a dash that stands for none."""
    odd = ["a", "b", "a · b", "b · c", "c", "·", "a ·", "· c", "-", None, '"a', '"a · b"', '""', "l·l", "a ", " c"]
    pairs = [(one, other) for one in odd for other in odd if (one, other) != (None, None)]
    frame = pl.DataFrame([(*pair, 1) for pair in pairs], schema=["shop", "item", "t"], orient="row")
    groups = group_rows(frame, ("shop", "item"), "f.csv", "series")
    assert groups.code.tolist() == list(range(len(pairs)))
    assert len(set(groups.names)) == len(pairs)
    assert groups.names == [joined_name(pair) for pair in pairs]
    assert joined_name(("a · b", "c")) == '"a · b" · c'
    assert joined_name(("a", "b · c")) == 'a · "b · c"'
    assert joined_name(("-", "c")) == '"-" · c'
    assert [joined_name((part, "c")) for part in (None, "l·l")] == ["- · c", "l·l · c"]


def test_measures_are_no_names_of_rows() -> None:
    frame = pl.DataFrame(
        {"latitude": ["1.5", "2.5"], "province": [None, "a"], "country": ["x", "x"], "2020": ["1", "2"]}
    )
    assert names_of_rows(frame, ["2020"]) == ("province", "country")
    assert names_of_rows(frame.with_columns(country=pl.Series([None, "x"])), ["2020"]) == ()
    assert names_of_rows(frame.with_columns(latitude=pl.Series(["1,5", "2"])), ["2020"]) == ("province", "country")
    assert names_of_rows(frame.with_columns(sku=pl.Series(["1", "2"])), ["2020"]) == ("sku",)


def test_windows_stay_within_both() -> None:
    keys = ("subject", "trial")
    found = cut_windows(trials(), "f", sequence=keys, time="t", columns=["x"], window=4, hop=4)
    assert found.sequences.names[:3] == ("p0 · 1 1-4", "p0 · 2 1-4", "p1 · 1 1-4")
    assert all(len(np.unique(v)) == 1 for v in found.sequences.values)
    assert rows_of("4s", "--windows", trials(), "f", keys, "t") == 4


def test_a_classifier_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    trials().drop("target").write_csv(path)
    options = Classified(sequence=("subject", "trial"), group="subject")
    found = read_classified(path, options)
    assert [len(item) for item in found.examples.items] == [5, 6, 6, 7, 7, 8]
    assert found.channels == ("x", "y")
    assert found.examples.groups == ["p0", "p0", "p1", "p1", "p2", "p2"]
    assert found.table == Table(series="subject", series_with=("trial",), time="t", others=("label",))
    assert {r.column: r.role for r in found.understood}["trial"] == "sequence"
    assert found.config is not None
    assert found.config.sequence == ("subject", "trial")
    changed = trials().drop("target").with_columns(label=pl.when(pl.col("t") == 3).then(pl.lit("c")).otherwise("label"))
    changed.write_csv(path)
    with pytest.raises(UserError, match=r"rows of sequence 'p0 · 1' before it have 'b'; it must be the same"):
        read_classified(path, options)
    with pytest.raises(UserError, match=r"tell them apart by both: --sequence subject trial"):
        read_classified(path, Classified())


def test_one_name_is_a_list_of_one_and_files_of_old_say_none() -> None:
    assert Classified(sequence="id") == Classified(sequence=("id",))  # type: ignore[arg-type]
    assert Classified.model_validate({"sequence": None}) == Classified()


def test_regression_and_anomaly_read_them(tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    trials().write_csv(path)
    task = load_task("regression").task
    read = task.read(path, task.Config(sequence=("subject", "trial"), ignore=("label",)), np.random.default_rng(0))
    assert [len(rows) for rows in read.columns["steps"]] == [5, 6, 6, 7, 7, 8]
    assert read.columns["target"] == [-1, -2, 0, -1, 1, 0]
    assert read.table.ids == ("subject", "trial")
    assert "'subject' and 'trial' tell sequences apart, steps in the order of 't'" in read.notes[0]
    trials().drop("label", "target").write_csv(path)
    anomaly = load_task("anomaly").task
    found = read_anomaly(path, anomaly.Config(sequence=("subject", "trial"), settle=1, window=8))
    assert found.table is not None
    assert found.table.ids == ("subject", "trial")
    assert all(len(np.unique(rows[:, 0])) == 1 for rows in found.columns[ROWS]), "none is of two trials"


def test_questions_are_told_apart_and_answered_by_both() -> None:
    made = series(BOTH)
    question = trials().with_columns(town=pl.concat_str("subject", pl.lit(" town")))
    fed = read_inputs(made, question)
    assert fed.arrays["lengths"].tolist() == [5, 6, 6, 7, 7, 8]
    outputs = {"label": np.array(list("abcdef"), dtype=object)}
    table = beside(to_table(made, fed, outputs), made, fed, outputs, None, ["town"])
    assert table.columns == ["town", "subject", "trial", "label"]
    assert table.row(3) == ("p1 town", "p1", 2, "d")
    with pytest.raises(UserError, match="there is no column 'trial'"):
        read_inputs(made, question.drop("trial"))
    alone = read_inputs(made, question.drop("subject", "trial"))
    assert alone.notes[0] == "there is no column 'subject', so all rows are taken for one sequence"
    assert _wanted(made) == ("subject", "trial", "x", "y")
