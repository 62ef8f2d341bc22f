"""Parquet in pieces, with windows in files: the same as from memory, and refused where pieces cannot say enough."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from lstm_onnx_forecasting.options import Config
from lstm_onnx_forecasting.task import Forecasting
from safetensors.numpy import load_file

import lstm_onnx as lo
from lstm_onnx.contract_clock import Step
from lstm_onnx.data import parquet_pieces, series_on_disk
from lstm_onnx.data.room import MAPPED, TOUCHED, DiskRoom
from lstm_onnx.data.time_series import Series as TimeSeries
from lstm_onnx.features import series_windows
from lstm_onnx.features.series_parts import SeriesPart, cut_parts

TASK = Forecasting()
ASKED: dict[str, Any] = {
    "series": ("shop",), "target": ("sold",), "past": ("rain", "sky"), "horizon": 4, "window": 12, "hidden": 4,
    "epochs": 2, "threads": 1,
}  # fmt: skip


def sales(days: int = 90) -> pl.DataFrame:
    """Three shops with gaps at the ends, missing cells and a missing day; values that float32 does not hold."""
    random = np.random.default_rng(0)
    time = np.datetime64("2024-01-01", "ms") + np.arange(days) * np.timedelta64(86_400_000, "ms")
    found = [
        pl.DataFrame(
            {
                "shop": [name] * days,
                "day": time,
                "sold": 20 + 5 * np.sin(np.arange(days)) + random.normal(size=days),
                "rain": random.normal(size=days),
                "sky": random.choice(["sun", "cloud"], days),
            }
        )
        for name in ("a", "b", "c")
    ]
    found[1] = found[1][7:50].vstack(found[1][51:])
    found[2] = found[2].with_columns(
        sold=pl.when(pl.int_range(days).is_in([0, 1, 33, 89])).then(None).otherwise("sold")
    )
    return pl.concat(found)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pieces, "PIECE", 40)


def batches(source: Path, **options: Any) -> list[dict[str, Any]]:
    data = TASK.load_data(
        source, Config(**{k: v for k, v in ASKED.items() if k not in ("epochs", "threads")}, **options), 0
    )
    assert data.validation is not None
    return [b for split in (data.train, data.validation, data.test) for b in split.batches(7, np.random.default_rng(1))]


def in_files(folder: Path, table: pl.DataFrame) -> tuple[Path, Path]:
    """Write a table as one file, and as a folder of several."""
    table.write_parquet(folder / "whole.parquet")
    (folder / "parts").mkdir()
    for k, begin in enumerate(range(0, len(table), 100)):
        table[begin : begin + 100].write_parquet(folder / "parts" / f"{k}.parquet")
    return folder / "whole.parquet", folder / "parts"


def test_the_weights_are_those_of_the_table_in_memory(tmp_path: Path) -> None:
    whole, parts = in_files(tmp_path, sales().sort("day", "shop"))
    memory = lo.train("forecasting", whole, runs=tmp_path / "runs", **ASKED)
    stored = lo.train("forecasting", parts, runs=tmp_path / "runs", store=str(tmp_path / "store"), **ASKED)
    assert stored.record.info == memory.record.info
    first, second = load_file(memory.weights), load_file(stored.weights)
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)
    assert stored.record.scores == memory.record.scores
    assert "decided by the first 40" in " ".join(stored.record.notes)
    assert stored.record.config["store"] is None and not list((tmp_path / "store").iterdir())


def test_sorted_by_series_the_batches_are_the_same(tmp_path: Path) -> None:
    whole, parts = in_files(tmp_path, sales())
    for one, other, third in zip(batches(whole), batches(parts), batches(parts / "*.parquet"), strict=True):
        assert one.keys() == other.keys() == third.keys()
        for name, array in one.items():
            np.testing.assert_array_equal(other[name], array)
            np.testing.assert_array_equal(third[name], array)


def test_a_piece_that_repeats_a_time_of_another_is_refused(tmp_path: Path) -> None:
    table = sales()
    pl.concat([table, table[10:11]]).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(lo.UserError, match="series 'a', 2024-01-11 is the time of a row before it"):
        batches(tmp_path / "t.parquet", store=str(tmp_path))


def test_what_needs_the_whole_table_is_refused(tmp_path: Path) -> None:
    sales().write_parquet(tmp_path / "t.parquet")
    with pytest.raises(lo.UserError, match="--repeated needs it whole"):
        batches(tmp_path / "t.parquet", store=str(tmp_path), repeated="mean")
    (tmp_path / "t.jsonl").write_text(sales().write_ndjson())
    with pytest.raises(lo.UserError, match="--store is for tables in Parquet, CSV and TSV"):
        batches(tmp_path / "t.jsonl", store=str(tmp_path))


def test_an_epoch_of_many_windows_shows_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sales().write_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr(series_windows, "SHOWN", 50)
    config = Config(**{k: v for k, v in ASKED.items() if k not in ("epochs", "threads")}, store=str(tmp_path))
    data = TASK.load_data(tmp_path / "t.parquet", config, 0)
    assert len(data.train) == 50 and any("shows 50 of" in note for note in data.notes)
    seen = [b["time"][:, -1] for k in (1, 2) for b in data.train.batches(10, np.random.default_rng(k))]
    assert len(np.concatenate(seen[:5])) == 50 and not np.array_equal(seen[0], seen[5])
    assert sum(len(b["time"]) for b in data.train.batches(10)) > 150


def test_memory_is_taken_by_itself_where_the_table_is_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sales().write_parquet(tmp_path / "t.parquet")
    monkeypatch.setattr("lstm_onnx.data.large_tables.memory_size", lambda: 1000)
    config = Config(**{k: v for k, v in ASKED.items() if k not in ("epochs", "threads")})
    data = TASK.load_data(tmp_path / "t.parquet", config, 0)
    assert any("laid out in files" in note for note in data.notes)


def test_little_is_mapped_while_windows_are_drawn_from_anywhere(tmp_path: Path) -> None:
    sales(3000).write_parquet(tmp_path / "t.parquet")
    config = Config(**{k: v for k, v in ASKED.items() if k not in ("epochs", "threads")}, store=str(tmp_path))
    data = TASK.load_data(tmp_path / "t.parquet", config, 0)
    room = data.info and data.train.inputs[0][1].store.room  # type: ignore[attr-defined]
    told = list[int]()
    room.touched = told.append
    next(data.train.batches(256, np.random.default_rng(0)))
    assert max(told) <= TOUCHED and sum(told) >= 2 * 256 * 4 * MAPPED


def test_a_room_gives_back_what_was_written_after_letting_go(tmp_path: Path) -> None:
    room = DiskRoom(tmp_path / "room")
    array = room.empty((3, 4), np.float64)
    array[:] = np.arange(12).reshape(3, 4)
    room.touched(1 << 30)
    np.testing.assert_array_equal(array, np.arange(12.0).reshape(3, 4))
    (tmp_path / "file").write_text("x")
    with pytest.raises(lo.UserError, match="no folder for files"):
        DiskRoom(tmp_path / "file" / "below")


def test_very_many_series_take_some_bytes_each(tmp_path: Path) -> None:
    count, step, random = 5000, Step(seconds=3600), np.random.default_rng(0)
    time = np.arange(12) * 3600
    series = [TimeSeries(f"s{k}", time + 3600 * k, random.normal(size=(12, 1))) for k in range(count)]
    series[7] = TimeSeries("s7", time, np.full((12, 1), np.nan))
    pieces = [("here", tuple(series[k : k + 500])) for k in range(0, count, 500)]
    notes = list[str]()
    room = DiskRoom(tmp_path)
    tracemalloc.start()
    try:
        laid = series_on_disk.lay_out(lambda: iter(pieces), 1, 1, step, room, False)
        parts, kept = cut_parts(laid.series, 2, 2, 2, "here", notes)
        held = tracemalloc.get_traced_memory()[0] / count
    finally:
        tracemalloc.stop()
    assert held < 120, held  # a `Series` alone is 500
    assert laid.empty == ["s7"] and len(parts) == len(kept) == count - 1
    for number in (0, 6, 7, count - 2):
        one, other = laid.series.take(kept)[number], series[number + (number >= 7)]
        assert one.name == other.name and parts[number] == SeriesPart(8, 10, 12)
        np.testing.assert_array_equal(one.time, other.time)
        np.testing.assert_array_equal(one.values, other.values)
