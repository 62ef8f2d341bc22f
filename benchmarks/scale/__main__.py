"""Rows a second and peak memory of `lstm-onnx predict` part by part, and of `train`, at growing sizes.

python -m benchmarks.scale                       # 10⁵ and 10⁶ rows, one and two processes; then benchmarks.scale.train
python -m benchmarks.scale --rows 100000 --rounds 1 --train-rows 100000
python -m benchmarks.scale --rows 1000000 --workers 2 --train-rows --ray local    # the same on Ray, start included
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
    parser.add_argument("--ray", help="address of a Ray cluster, or local: as many of its actors beside the processes")
    parser.add_argument("--train-rows", type=int, nargs="*", default=[100_000, 1_000_000, 10_000_000])
    options = parser.parse_args()
    print("Answering\n")
    print("| rows | processes | rows/s | peak memory of the largest process, MB |\n| --- | --- | --- | --- |")
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir()
            write(data, rows)
            found: dict[str, list[tuple[float, float]]] = {}
            for _ in range(options.rounds if rows <= 100_000 else 1):
                for workers in options.workers:
                    for ray in [None] if options.ray is None else [None, options.ray]:
                        out = Path(folder) / f"out-{workers}-{time.monotonic_ns()}"
                        figures = ask(data, out, workers, options.part_rows, ray)
                        found.setdefault(f"{workers}" if ray is None else f"{workers} of Ray", []).append(figures)
            for name, rounds in found.items():
                seconds, peak = (statistics.median(column) for column in zip(*rounds, strict=True))
                print(f"| {rows:,} | {name} | {rows / seconds:,.0f} | {peak:,.0f} |", flush=True)
    if options.train_rows:
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


def ask(data: Path, out: Path, workers: int, part_rows: int, ray: str | None = None) -> tuple[float, float]:
    """Return the seconds of a run and the peak memory, in MB, of the largest of its processes, as Linux counts them."""
    command = ["predict", str(MODEL), str(data / "*.parquet"), "--out", str(out)]
    command += ["--workers", str(workers), "--part-rows", str(part_rows)]
    found = measured(command if ray is None else [*command, "--ray", ray])
    return found.seconds, found.peak


if __name__ == "__main__":
    main()
