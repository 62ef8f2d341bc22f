"""A table that names pictures is cut into parts like any other, and its pictures are found from where it lies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image
from polars.testing import assert_frame_equal

import lstm_onnx as lo
from lstm_onnx.evaluation.in_parts import evaluate_parts
from lstm_onnx.evaluation.options import EvaluateOptions
from lstm_onnx.inference.in_parts import predict_parts
from lstm_onnx.inference.part_answer import Asked
from lstm_onnx.inference.part_list import list_parts

SCENES = Path(__file__).parents[2] / "exported" / "scenes.onnx"


def answered(model: Path, data: Path, out: Path, part_rows: int) -> pl.DataFrame:
    done = predict_parts(Asked(str(model), top=0), data, out, part_rows=part_rows)
    assert not done.failed and done.parts > 2
    return pl.concat(pl.read_parquet(file) for file in sorted(out.glob("*.parquet")))


def test_pictures_alone(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    random = np.random.default_rng(0)
    for k in range(12):
        pixels = random.integers(0, 255, (20, 20 + k % 2, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{k}.png")
    table = pl.DataFrame({"image": [f"{k}.png" for k in range(12)], "id": [f"n{k}" for k in range(12)]})
    table.write_parquet(tmp_path / "t.parquet")
    table.write_csv(tmp_path / "t.csv")
    model = lo.load(SCENES)
    assert len(list_parts(model.require_contract(), tmp_path / "t.parquet", rows=5)) == 3
    whole = model.predict(tmp_path / "t.parquet", top=0).table
    for ending in ("parquet", "csv"):
        found = answered(SCENES, tmp_path / f"t.{ending}", tmp_path / ending, 5)
        assert_frame_equal(found, whole, check_dtypes=False)


def test_pictures_beside_the_rows_of_sequences(parts: Path, measured_parts: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(parts)
    frame.write_parquet(parts.parent / "cut.parquet")
    whole = lo.load(measured_parts).predict(parts, top=0).table
    for name in (parts.name, "cut.parquet"):
        found = answered(measured_parts, parts.parent / name, tmp_path / name, 20)
        assert_frame_equal(found, whole, abs_tol=1e-4, check_dtypes=False)
    scored = evaluate_parts(measured_parts, parts.parent / "cut.parquet", EvaluateOptions(part_rows=20))
    assert scored.scores.model["area_rmse"] > 0
