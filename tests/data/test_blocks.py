"""Rows that hold sequences of several channels: found where there is no doubt, asked about elsewhere, followed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from lstm_onnx_classification.options import Config
from lstm_onnx_classification.reading import read

from lstm_onnx.contract import Axis, ColumnsSource, Table
from lstm_onnx.data.blocks import are_channels, blocks_in
from lstm_onnx.errors import UserError
from lstm_onnx.inference.kept_columns import beside
from lstm_onnx.inference.output_table import to_table
from lstm_onnx.inference.table_inputs import read_inputs
from lstm_onnx.plugins.registry import load_task
from tests.inference.test_sequence_inputs import LENGTHS, contract, tensor


def rows(count: int = 12, first: int = 0, names: tuple[str, ...] = ("ax_", "ay_"), **more: object) -> pl.DataFrame:
    """Six steps of each channel: 100 times the channel's number, 10 times that of the row, and the step."""
    steps = {
        f"{name}{first + k}": [100.0 * place + 10 * row + k for row in range(count)]
        for place, name in enumerate(names)
        for k in range(6)
    }
    return pl.DataFrame({"id": [f"w{k}" for k in range(count)], **steps, **more, "label": ["a", "b"] * (count // 2)})


def written(folder: Path, frame: pl.DataFrame) -> Path:
    frame.write_csv(folder / "t.csv")
    return folder / "t.csv"


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("names", [("ax_", "ay_"), ("x", "y"), ("gyro z ", "gyro x ")])
def test_columns_that_are_numbered_alike_are_channels(tmp_path: Path, first: int, names: tuple[str, ...]) -> None:
    found = read(written(tmp_path, rows(first=first, names=names)), Config())
    assert found.channels == tuple(n.strip("_ ") for n in names)
    assert np.array_equal(found.examples.items[3], [[30 + k, 130 + k] for k in range(6)])
    assert "a row is a sequence of 2 channels of 6 steps: " in found.notes[0]
    roles = {r.column: r.role for r in found.understood}
    assert roles[f"{names[1]}{first + 5}"] == f"step of {names[1].strip('_ ')}"
    assert found.config is not None
    assert found.config.blocks == found.channels


def test_the_order_of_columns_does_not_matter(tmp_path: Path) -> None:
    path = written(tmp_path, rows())
    learnt = read(path, Config()).config
    assert learnt is not None
    frame = rows()
    frame.select("label", *sorted(frame.columns[1:-1], reverse=True)).write_csv(path)
    found = read(path, learnt, alone=True)
    assert np.array_equal(found.examples.items[3], [[30 + k, 130 + k] for k in range(6)])


def test_others_are_left_out_and_noted(tmp_path: Path) -> None:
    found = read(written(tmp_path, rows(age=[40, 41] * 6)), Config())
    assert found.channels == ("ax", "ay")
    assert any("column 'age' is no step: it is not numbered like 'ax_0'" in note for note in found.notes)


def test_what_may_be_meant_otherwise_is_asked(tmp_path: Path) -> None:
    path = written(tmp_path, rows(first=4))
    with pytest.raises(
        UserError, match=r"'ax_4' to 'ax_9' and 'ay_4' to 'ay_9' seem to be 2 channels .*--blocks ax ay"
    ):
        read(path, Config())
    assert read(path, Config(blocks=("ay", "ax"))).channels == ("ay", "ax")
    one = read(path, Config(channels=tuple(f"ax_{k}" for k in range(4, 10))))
    assert [item.shape for item in one.examples.items] == [(6, 1)] * 12
    with pytest.raises(
        UserError, match=r"--blocks az: there are no columns 'az_0', 'az_1', … of numbers; there is: ax, ay"
    ):
        read(path, Config(blocks=("ax", "az")))
    with pytest.raises(UserError, match="--blocks takes each row for a sequence"):
        read(path, Config(blocks=("ax",), windows="4"))


@pytest.mark.parametrize("gone", ["ay_5", "ay_2"])
def test_a_channel_that_lacks_a_step_is_not_passed_over(tmp_path: Path, gone: str) -> None:
    path = written(tmp_path, rows().drop(gone))
    with pytest.raises(UserError, match=r"'ax_0' to 'ax_5' are 6 numbered columns, and 'ay_0' to 'ay_[45]' are 5"):
        read(path, Config())


def test_empty_cells_are_missing_or_end_a_sequence(tmp_path: Path) -> None:
    frame = rows()
    for name, row in (("ax_5", 0), ("ay_5", 0), ("ay_5", 1), ("ax_0", 1)):
        frame[row, name] = None
    found = read(written(tmp_path, frame), Config()).examples.items
    assert np.array_equal(found[0], [[k, 100 + k] for k in range(5)])
    assert np.array_equal(found[1][-1], [15, np.nan], equal_nan=True)
    assert np.array_equal(found[1][0], [np.nan, 110], equal_nan=True)


def test_regression_reads_them_too(tmp_path: Path) -> None:
    task = load_task("regression").task
    path = written(tmp_path, rows(target=[float(k) for k in range(12)]))
    config = task.Config(wide=True, ignore=("id", "label"))
    found = task.read(path, config, np.random.default_rng(0))
    assert found.inputs[0].columns == ("ax", "ay")
    assert np.array_equal(found.columns["steps"][3], [[30 + k, 130 + k] for k in range(6)])
    assert found.table.blocks["ay"][-1] == "ay_5"
    written(tmp_path, rows(target=[float(k) for k in range(12)], age=[40, 41] * 6))
    with pytest.raises(UserError, match="--wide takes all columns of numbers for steps, and 'ax_0' to 'ax_5' and"):
        task.read(path, config, np.random.default_rng(0))


def test_names() -> None:
    assert list(blocks_in(["0_x", "1_x", "2_x", "0_y", "1_y", "2_y"])) == ["x", "y"]
    assert are_channels({"a": ["a0", "a1"], "b": ["b0", "b1"]})
    assert not are_channels({"a": ["a0", "a1"], "b": ["b1", "b2"]})
    assert not are_channels({"a": ["a0", "a1"]})


def test_a_file_follows_them() -> None:
    blocks = {name: tuple(f"{name}_{k}" for k in range(6)) for name in ("ax", "ay")}
    source = ColumnsSource(columns=("ax", "ay"), rows="all")
    values = tensor("values", "float32", "batch time channel", source, missing=True)
    table = Table(steps=True, series="id", others=("label",), blocks=blocks)
    made = contract([values, LENGTHS], table, time=Axis(), channel=Axis(size=2))
    fed = read_inputs(made, rows(4).select("label", *reversed(rows().columns[:-1])))
    assert np.array_equal(fed.arrays["values"][2], [[20 + k, 120 + k] for k in range(6)])
    assert fed.names == ("w0", "w1", "w2", "w3")
    outputs = {"label": np.array(list("abab"), dtype=object)}
    asked = beside(to_table(made, fed, outputs), made, fed, outputs, None, None)
    assert asked.columns == ["id", "label"]
    with pytest.raises(UserError, match="there is no column 'ay_3'"):
        read_inputs(made, rows(4).drop("ay_3"))
