"""Rows a second and peak memory of `lstm-onnx predict` part by part, and of `train`, at growing sizes.

python -m benchmarks.scale                       # 10⁵ and 10⁶ rows, one and two processes; then benchmarks.scale.train
python -m benchmarks.scale --rows 100000 --rounds 1 --train-rows 100000
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.scale import train
from benchmarks.scale.measured import measured

MODEL = Path(__file__).parents[2] / "exported" / "news.onnx"
WORDS = "the market rose sharply oil profits wheat farmers said bank rate cut corn crop trade ship dollar".split()
FILES = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--part-rows", type=int, default=25_000)
    parser.add_argument("--rounds", type=int, default=3, help="of which the median counts; they alternate")
    parser.add_argument("--train-rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    options = parser.parse_args()
    print("Answering\n")
    print("| rows | processes | rows/s | peak memory of the largest process, MB |\n| --- | --- | --- | --- |")
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir()
            write(data, rows)
            found: dict[int, list[tuple[float, float]]] = {}
            for _ in range(options.rounds if rows <= 100_000 else 1):
                for workers in options.workers:
                    out = Path(folder) / f"out-{workers}-{time.monotonic_ns()}"
                    found.setdefault(workers, []).append(ask(data, out, workers, options.part_rows))
            for workers, figures in found.items():
                seconds, peak = (statistics.median(column) for column in zip(*figures, strict=True))
                print(f"| {rows:,} | {workers} | {rows / seconds:,.0f} | {peak:,.0f} |", flush=True)
    print("\nLearning\n")
    train.main(["--rows", *map(str, options.train_rows)])


def write(folder: Path, rows: int) -> None:
    """Write texts of 3 to 40 words into files."""
    chance = random.Random(0)
    for k in range(FILES):
        texts = [" ".join(chance.choices(WORDS, k=chance.randint(3, 40))) for _ in range(rows // FILES)]
        pl.DataFrame({"id": range(k * len(texts), (k + 1) * len(texts)), "text": texts}).write_parquet(
            folder / f"{k}.parquet"
        )


def ask(data: Path, out: Path, workers: int, part_rows: int) -> tuple[float, float]:
    """Return the seconds of a run and the peak memory, in MB, of the largest of its processes, as Linux counts them."""
    command = ["predict", str(MODEL), str(data / "*.parquet"), "--out", str(out)]
    found = measured([*command, "--workers", str(workers), "--part-rows", str(part_rows)])
    return found.seconds, found.peak


if __name__ == "__main__":
    main()
