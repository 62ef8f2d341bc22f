"""Seconds and peak memory of `lstm-onnx train` on Parquet of growing sizes, from memory and from files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl

from benchmarks.scale.made import KINDS, Kind, write
from benchmarks.scale.measured import Measured, measured
from benchmarks.speed.kept import Kept

SIZES = {
    "series": (100_000, 1_000_000, 10_000_000),
    "sequences": (100_000, 1_000_000, 10_000_000),
    "texts": (100_000, 1_000_000),
    "pictures": (1_000, 10_000),
}
MOST = 1_000_000
"""Rows that are also learnt from in memory."""
WAYS = ("files", "memory")
SMALL = "--hidden 8 --epochs 1 --threads 1"


def measure(kept: Kept, of: list[str], rows: list[int] | None) -> None:
    """Learn from what is not kept yet, and keep what it took."""
    for way in WAYS:
        for name in of:
            for count in rows or SIZES[name]:
                cell = {"of": name, "rows": count, "from": way}
                if kept.has(cell) or (way == "memory" and count > MOST):
                    continue
                with tempfile.TemporaryDirectory() as text:
                    folder = Path(text)
                    (folder / "data").mkdir()
                    write(folder / "data", KINDS[name], count)
                    kept.add(learn(folder, KINDS[name], way).figures(cell))
                    print("learnt", *cell.values(), flush=True)


def learn(folder: Path, kind: Kind, way: str) -> Measured:
    """Train, and return what it took."""
    source = folder / "data"
    asked = ["--store", str(folder / "store")] if way == "files" else []
    pattern = str(source / "*.parquet")
    if way == "memory":
        pattern = str(source / "whole.parquet")  # beside the pictures that it may name
        pl.read_parquet(source / "*.parquet").write_parquet(pattern)
    command = ["train", pattern, *kind.asked.split(), *SMALL.split()]
    return measured([*command, "--runs", str(folder / "runs"), *asked])
