"""Seconds and peak memory of `lstm-onnx train` on Parquet of growing sizes, from memory and from files.

python -m benchmarks.scale.train                     # 10⁵ and 10⁶ rows, both ways; 10⁷ from files
python -m benchmarks.scale.train --rows 100000 --of texts
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from benchmarks.scale.measured import Measured, measured

LENGTH = 1000
"""Rows of a series."""
STEPS = 20
"""Rows of a sequence."""
FILE = 500_000
"""Rows of a file."""
MOST = 1_000_000
"""Rows that are also learnt from in memory."""
TESTED = 20_000
"""Examples at most to validate on, and to test on."""
WORDS = "the market rose sharply oil profits wheat farmers said bank rate cut corn crop trade ship dollar".split()
WAYS = ("memory", "files")
SMALL = "--hidden 8 --epochs 1 --batch-size 1024 --threads 1"


class Kind(NamedTuple):
    """What is learnt from.

    Attributes:
        asked: options of `train`.
        table: makes rows from one number on, so many, of all.
    """

    asked: str
    table: Callable[[int, int, int], pl.DataFrame]


def series(begin: int, count: int, rows: int) -> pl.DataFrame:
    """Make hourly series of `LENGTH` rows each."""
    chance = np.random.default_rng(begin)
    time_of = np.datetime64("2020-01-01", "ms") + np.arange(LENGTH) * np.timedelta64(3_600_000, "ms")
    wave = 10 + 3 * np.sin(np.arange(LENGTH) / 24 * 2 * np.pi)
    each = count // LENGTH
    names = [f"s{number:07d}" for number in range(begin // LENGTH, begin // LENGTH + each)]
    return pl.DataFrame(
        {
            "id": np.repeat(names, LENGTH),
            "time": np.tile(time_of, each),
            "y": (wave + chance.normal(scale=0.3, size=(each, LENGTH))).astype(np.float32).ravel(),
            "x": chance.normal(size=each * LENGTH).astype(np.float32),
        }
    )


def texts(begin: int, count: int, rows: int) -> pl.DataFrame:
    """Make texts of 3 to 20 words, of three classes."""
    chance = random.Random(begin)
    made = [" ".join(chance.choices(WORDS, k=chance.randint(3, 20))) for _ in range(count)]
    labels = [("farm", "sea", "money")[len(text) % 3] for text in made]
    return pl.DataFrame({"text": made, "label": labels, "split": _split(begin, count, rows)})


def sequences(begin: int, count: int, rows: int) -> pl.DataFrame:
    """Make sequences of `STEPS` rows of two columns, with a number to answer each."""
    chance = np.random.default_rng(begin)
    each = count // STEPS
    first = begin // STEPS
    level = chance.normal(size=each).astype(np.float32)
    return pl.DataFrame(
        {
            "sequence": np.repeat(np.arange(first, first + each), STEPS),
            "a": (level[:, None] + chance.normal(size=(each, STEPS))).astype(np.float32).ravel(),
            "b": chance.normal(size=each * STEPS).astype(np.float32),
            "target": np.repeat(level, STEPS),
            "split": np.repeat(_split(first, each, rows // STEPS), STEPS),
        }
    )


def _split(begin: int, count: int, rows: int) -> list[str]:
    """Mark examples, evenly: a tenth of all, but no more than `TESTED`, to validate on, and as many to test on."""
    every = max(10, rows // TESTED)
    return [{0: "test", 1: "validation"}.get(k % every, "train") for k in range(begin, begin + count)]


KINDS = {
    "series": Kind(
        "--plugin forecasting --series id --time time --target y --past x --horizon 6 --window 24 --test-size 6 "
        "--validation-size 6 --loss-scale window --dropout 0",
        series,
    ),
    "texts": Kind("--plugin classification --embedding 8", texts),
    "sequences": Kind("--plugin regression --sequence sequence --target target", sequences),
}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--of", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--lie-in", nargs="+", choices=WAYS, default=list(WAYS), help="memory is left out from 10⁷ on")
    options = parser.parse_args(arguments)
    print(
        "| learnt from | rows | examples lie in | seconds | memory of its own, MB | peak with what is mapped, MB |\n"
        "| --- | --- | --- | --- | --- | --- |"
    )
    for name in options.of:
        for rows in options.rows:
            with tempfile.TemporaryDirectory() as text:
                folder = Path(text)
                (folder / "data").mkdir()
                write(folder / "data", KINDS[name], rows)
                for way in (way for way in options.lie_in if way == "files" or rows <= MOST):
                    found = learn(folder, KINDS[name], way)
                    figures = f"{found.seconds:,.0f} | {found.own:,.0f} | {found.peak:,.0f}"
                    print(f"| {name} | {rows:,} | {way} | {figures} |", flush=True)


def write(folder: Path, kind: Kind, rows: int) -> None:
    """Write a table into files of `FILE` rows."""
    for begin in range(0, rows, FILE):
        kind.table(begin, min(FILE, rows - begin), rows).write_parquet(folder / f"{begin:09d}.parquet")


def learn(folder: Path, kind: Kind, way: str) -> Measured:
    """Train, and return what it took."""
    source = folder / "data"
    asked = ["--store", str(folder / "store")] if way == "files" else []
    if way == "memory":
        source = folder / "whole.parquet"
        pl.read_parquet(folder / "data").write_parquet(source)
    command = ["train", str(source), *kind.asked.split(), *SMALL.split()]
    return measured([*command, "--runs", str(folder / "runs"), *asked])


if __name__ == "__main__":
    main()
