"""Regression from pictures beside all other kinds of features: a table that names them, in a folder beside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image as pillow

import lstm_onnx as lo
from lstm_onnx.errors import UserError
from lstm_onnx.plugin import Category, Image, Number, Rows, Text
from lstm_onnx.plugins.registry import load_task
from tests.captioning.encoders import save_encoder
from tests.trained import SMALL


def test_five_kinds_of_features_go_in_and_two_numbers_come_out(parts: Path, measured_parts: Path) -> None:
    task = load_task("regression").task
    data = task.load_data(parts, task.Config(target=("area", "edge"), size=16), 0)
    assert {f.name: type(f) for f in data.info.inputs} == {
        "steps": Rows,
        "note": Text,
        "site": Category,
        "age": Number,
        "photo": Image,
    }
    assert any("pictures are found in" in note for note in data.notes)
    assert any("pictures 'photo'" in note for note in data.notes)
    scores = lo.load(measured_parts).require_contract().scores
    assert scores is not None
    assert {"area_rmse", "area_mae", "area_r2", "edge_rmse", "rmse"} <= set(scores.model)
    assert set(scores.baselines) == {"always the same", "nearest neighbour"}


def test_the_file_answers_for_a_table_as_for_arrays(parts: Path, measured_parts: Path) -> None:
    model = lo.load(measured_parts)
    answer = model.predict(parts)
    numbers = [f"{name}{end}" for name in ("area", "edge") for end in ("", "_low", "_high")]
    assert answer.table.columns == ["case", *numbers]
    assert (answer.table["area_low"] < answer.table["area_high"]).all()
    assert answer.table.height == 24
    pixels = np.asarray(pillow.open(parts.parent / "photos" / "p3.png"))
    flow = pl.read_csv(parts).filter(pl.col("case") == "c3")["flow"].to_numpy()
    alone = model.run(
        {
            "photo": pixels[None],
            "note": np.array(["this one was worn"], dtype=object),
            "steps": flow[None, :, None].astype(np.float32),
            "steps_lengths": np.array([3]),
            "site": np.array(["s"], dtype=object),
            "age": np.array([3.0], dtype=np.float32),
        }
    )
    np.testing.assert_allclose(
        answer.table["area"][answer.table["case"].to_list().index("c3")], alone["area"][0], rtol=1e-4
    )


def test_a_run_is_scored_on_its_pictures_and_knows_when_one_changed(parts: Path, measured_parts: Path) -> None:
    run = parts.parent / "runs" / "parts"
    own = lo.evaluate(run, parts)
    assert own.part == "test"
    photo = parts.parent / "photos" / "p0.png"
    before = photo.read_bytes()
    pillow.fromarray(np.zeros((20, 24, 3), np.uint8)).save(photo)
    try:
        assert lo.evaluate(measured_parts, parts).part == "all"
    finally:
        photo.write_bytes(before)


def test_the_nearest_picture_is_one_with_a_like_square(parts: Path) -> None:
    frame = pl.read_csv(parts).unique("case", maintain_order=True).select("photo", "area")
    frame.write_csv(parts.parent / "only.csv")
    task = load_task("regression").task
    data = task.load_data(parts.parent / "only.csv", task.Config(target=("area",), size=16), 0)
    batch = next(data.test.batches(8))
    found = data.baselines["nearest neighbour"](batch)["area"]
    assert np.corrcoef(found, batch["area"])[0, 1] > 0.9


def test_a_frozen_encoder_becomes_a_part_of_the_graph(parts: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(parts).unique("case", maintain_order=True).select("photo", "area")
    frame.write_csv(parts.parent / "only.csv")
    encoder = save_encoder(tmp_path / "eye.onnx", 16)
    run = lo.train(
        "regression",
        parts.parent / "only.csv",
        target=("area",),
        encoder=str(encoder),
        runs=tmp_path / "runs",
        **SMALL,
    )
    file = run.export(tmp_path / "frozen.onnx").path
    encoder.unlink()
    assert lo.load(file).predict(parts.parent / "photos" / "p1.png").table.columns[-1] == "area"


def test_a_picture_that_is_not_there_is_named(parts: Path) -> None:
    frame = pl.read_csv(parts).with_columns(photo=pl.col("photo").str.replace("p5.png", "q5.png"))
    frame.write_csv(parts.parent / "gone.csv")
    task = load_task("regression").task
    with pytest.raises(UserError, match=r"row 17, column 'photo': found 'q5.png', and there is no such picture"):
        task.load_data(parts.parent / "gone.csv", task.Config(target=("area",)), 0)
    data = task.load_data(parts.parent / "gone.csv", task.Config(target=("area",), ignore=("photo", "edge")), 0)
    assert "photo" not in [f.name for f in data.info.inputs]
