"""Seconds and peak memory of `lstm-onnx train` on series in Parquet of growing sizes, from memory and from files.

python -m benchmarks.scale.train                     # 10⁵ and 10⁶ rows, both ways; 10⁷ from files
python -m benchmarks.scale.train --rows 100000
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.scale.measured import measured

LENGTH = 1000
"""Rows of a series."""
MOST = 1_000_000
"""Rows that are also learnt from in memory."""
ASKED = "--series id --time time --target y --past x --horizon 6 --window 24 --hidden 8 --test-size 6"
ASKED += " --validation-size 6 --loss-scale window --dropout 0 --epochs 1 --batch-size 1024 --threads 1"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    options = parser.parse_args()
    print("| rows | windows lie in | seconds | peak memory, MB |\n| --- | --- | --- | --- |")
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as text:
            folder = Path(text)
            (folder / "data").mkdir()
            write(folder / "data", rows)
            for way in ("memory", "files") if rows <= MOST else ("files",):
                seconds, peak = learn(folder, way)
                print(f"| {rows:,} | {way} | {seconds:,.0f} | {peak:,.0f} |", flush=True)


def write(folder: Path, rows: int) -> None:
    """Write hourly series of `LENGTH` rows each, 500 in a file."""
    random = np.random.default_rng(0)
    time_of = np.datetime64("2020-01-01", "ms") + np.arange(LENGTH) * np.timedelta64(3_600_000, "ms")
    wave = 10 + 3 * np.sin(np.arange(LENGTH) / 24 * 2 * np.pi)
    for begin in range(0, rows // LENGTH, 500):
        count = min(500, rows // LENGTH - begin)
        names = [f"s{number:07d}" for number in range(begin, begin + count)]
        pl.DataFrame(
            {
                "id": np.repeat(names, LENGTH),
                "time": np.tile(time_of, count),
                "y": (wave + random.normal(scale=0.3, size=(count, LENGTH))).astype(np.float32).ravel(),
                "x": random.normal(size=count * LENGTH).astype(np.float32),
            }
        ).write_parquet(folder / f"{begin:07d}.parquet")


def learn(folder: Path, way: str) -> tuple[float, float]:
    """Return the seconds of a training, and its peak memory in MB."""
    source = folder / "data"
    asked = ["--store", str(folder / "store")] if way == "files" else []
    if way == "memory":
        source = folder / "whole.parquet"
        pl.read_parquet(folder / "data").write_parquet(source)
    command = ["train", "--plugin", "forecasting", "--data", str(source), *ASKED.split()]
    return measured([*command, "--runs", str(folder / "runs"), *asked])


if __name__ == "__main__":
    main()
