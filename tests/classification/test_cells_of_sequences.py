"""Sequences in the cells of a table, in `.arff` files, and with stamps in `.ts` files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading import read

import lstm_onnx as lo
from lstm_onnx.data.tables import read_table
from lstm_onnx.errors import UserError


def frame() -> pd.DataFrame:
    """Rows of two channels, 6 to 9 steps."""
    steps = [np.arange(6 + i % 4) for i in range(24)]
    return pd.DataFrame(
        {
            "x": [np.sin((0.3 + 0.6 * (i % 2)) * s) for i, s in enumerate(steps)],
            "y": [np.cos(s).tolist() for s in steps],
            "note": [f"n{i}" for i in range(24)],
            "label": ["slow", "quick"] * 12,
        }
    )


def test_a_frame_of_arrays_is_learnt_and_answered(tmp_path: Path) -> None:
    run = lo.train("classification", frame(), hidden=4, epochs=1, threads=1, runs=tmp_path)
    assert run.record.summary.startswith("24 sequences of 2 channels and 6 to 9 steps, 2 classes")
    assert any("its channels are the lists in 'x', 'y'" in note for note in run.record.notes)
    file = run.export(tmp_path / "m.onnx")
    answers = file.predict(frame()).table
    assert answers.height == 24
    file.predict(frame().drop(columns="label"))
    values = frame()["x"][1], np.array(frame()["y"][1])
    alone = lo.load(file).run({"values": np.stack(values, axis=1)[None].astype(np.float32), "lengths": np.array([7])})
    assert answers.row(1)[-1] == pytest.approx(float(alone["probabilities"][0, -1]), abs=1e-5)


def test_lists_of_a_row_must_be_of_one_length(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pl.DataFrame({"x": [[1.0, 2.0], [3.0]], "y": [[1.0, None], [1.0, 2.0]], "label": ["a", "b"]}).write_parquet(path)
    with pytest.raises(UserError, match=r"row 2: its channels have different lengths \('x' 1, 'y' 2\)"):
        read(path, Config())


ARFF = """% a comment
@relation waves
@attribute 'first step' numeric
@attribute s2 REAL
@attribute s3 real
@attribute class {slow, 'very quick'}
@data
1,2,3,slow
4,?,6,'very quick'
"""


def test_an_arff_file_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "w.arff"
    path.write_text(ARFF)
    table = read_table(path)
    assert table.columns == ["first step", "s2", "s3", "class"]
    assert table.row(1) == ("4", None, "6", "very quick")
    found = read(path, Config())
    assert found.examples.labels == ["slow", "very quick"]
    np.testing.assert_array_equal(found.examples.items[1], np.array([[4], [np.nan], [6]], np.float32))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("@attribute s2 REAL", "@attribute s2 relational"), "line 4: holds whole series as an attribute"),
        (("1,2,3,slow", "1,2,slow"), "line 8: has 3 cells for 4 attributes"),
        (("1,2,3,slow", "{0 1, 3 slow}"), "line 8: a sparse row"),
        (("@relation waves", "relation"), "line 2: found 'relation' before '@data'"),
        (("@attribute s3", "@attribute s2"), "two attributes are called 's2'"),
    ],
)
def test_an_arff_file_that_is_none_is_refused(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tmp_path / "w.arff"
    path.write_text(ARFF.replace(*change))
    with pytest.raises(UserError) as caught:
        read_table(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_stamps_of_a_ts_file_are_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "w.ts"
    path.write_text(
        "@timeStamps true\n@univariate false\n@classLabel true a b\n@data\n"
        "(2007-01-01 00:00:00,1.5),(2007-01-01 01:00:00,2):(0,3),(1,?):a\n(0,1),(1,2):(0,3),(1,4):b\n"
    )
    found = read(path, Config())
    assert found.examples.labels == ["a", "b"]
    np.testing.assert_array_equal(found.examples.items[0], np.array([[1.5, 3], [2, np.nan]], np.float32))
    assert "the stamps of the steps are left out: steps count as they stand" in found.notes
    path.write_text(path.read_text().replace("(0,1),(1,2):(0", "1,2:(0"))
    with pytest.raises(
        UserError, match=r"line 6: case 2: dimension 1: found '1,2', where steps with stamps are needed"
    ):
        read(path, Config())
