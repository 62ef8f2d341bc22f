"""Seconds and peak memory of `lstm-onnx train` on Parquet of growing sizes, from memory and from files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

from benchmarks.scale.made import KINDS, Kind, write
from benchmarks.scale.measured import Measured, measured, row_counts
from benchmarks.speed.kept import Kept

SIZES = {
    "series": (100_000, 1_000_000, 10_000_000),
    "sequences": (100_000, 1_000_000, 10_000_000),
    "texts": (100_000, 1_000_000),
    "pictures": (1_000, 10_000),
    "captions": (1_000, 10_000),
    "short series": (500_000, 5_000_000),
}
LARGE = {"texts": 10_000_000, "captions": 40_000}
"""Sizes of `--large`, beside the others."""
WAYS = {
    "files": dict.fromkeys(SIZES, 10_000_000),
    "csv": {"series": 10_000_000, "sequences": 1_000_000, "texts": 1_000_000},
    "memory": dict.fromkeys(SIZES, 1_000_000),
}
"""Where examples lie: in files, read from Parquet or from CSV, or in memory; and rows of each kind at most."""
SMALL = "--hidden 8 --epochs 1 --threads 1"


def measure(kept: Kept, of: list[str], rows: list[int] | None, large: bool) -> None:
    """Learn from what is not kept yet, and keep what it took; see `benchmarks.scale.answer`."""
    for way in WAYS:
        for name in of:
            for count in row_counts(name, SIZES, LARGE if large else {}, rows):
                cell: dict[str, int | str] = {"of": name, "rows": count, "from": way}
                if kept.has(cell) or count > WAYS[way].get(name, 0):
                    continue
                with tempfile.TemporaryDirectory() as text:
                    folder = Path(text)
                    (folder / "data").mkdir()
                    write(folder / "data", KINDS[name], count)
                    kept.add(learn(folder, KINDS[name], way).figures(cell))
                    print("learnt", *cell.values(), flush=True)


def learn(folder: Path, kind: Kind, way: str) -> Measured:
    """Train, and return what it took."""
    asked = ["--store", str(folder / "store")] if way != "memory" else []
    source = folder / "data" / "*.parquet"
    if way == "csv":
        whole = folder / "whole.csv"
        pl.scan_parquet(source).sink_csv(whole)
        source = whole
    elif way == "memory" or not kind.in_pieces:
        whole = folder / "data" / "whole.parquet"  # beside the pictures that it may name
        pl.read_parquet(source).write_parquet(whole)
        source = whole
    command = ["train", str(source), *kind.asked.split(), *SMALL.split()]
    return measured([*command, "--runs", str(folder / "runs"), *asked])
