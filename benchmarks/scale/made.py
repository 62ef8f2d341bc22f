"""Tables of any size to answer for and to learn from: series, texts, sequences, and pictures in files of their own."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from PIL import Image

LENGTH, SHORT = 1000, 50
"""Rows of a series; and of one of very many."""
STEPS = 20
"""Rows of a sequence."""
FILE = 500_000
"""Rows of a file, at most."""
FILES = 4
"""Files, at least."""
TESTED = 20_000
"""Examples at most to validate on, and to test on."""
WORDS = "the market rose sharply oil profits wheat farmers said bank rate cut corn crop trade ship dollar".split()
PIXELS = (48, 64)


class Kind(NamedTuple):
    """What is learnt from, and answered for.

    Attributes:
        asked: options of `train`.
        table: makes rows from one number on, so many, of all; pictures go into the folder.
        answered: options of `predict`.
        in_pieces: whether the table may be several files.
    """

    asked: str
    table: Callable[[int, int, int, Path], pl.DataFrame]
    answered: str = ""
    in_pieces: bool = True


def series(begin: int, count: int, rows: int, folder: Path, length: int = LENGTH) -> pl.DataFrame:
    """Make hourly series of `length` rows each."""
    chance = np.random.default_rng(begin)
    time_of = np.datetime64("2020-01-01", "ms") + np.arange(length) * np.timedelta64(3_600_000, "ms")
    wave = 10 + 3 * np.sin(np.arange(length) / 24 * 2 * np.pi)
    each = count // length
    names = [f"s{number:07d}" for number in range(begin // length, begin // length + each)]
    return pl.DataFrame(
        {
            "id": np.repeat(names, length),
            "time": np.tile(time_of, each),
            "y": (wave + chance.normal(scale=0.3, size=(each, length))).astype(np.float32).ravel(),
            "x": chance.normal(size=each * length).astype(np.float32),
        }
    )


def texts(begin: int, count: int, rows: int, folder: Path) -> pl.DataFrame:
    """Make texts of 3 to 20 words, of three classes."""
    chance = random.Random(begin)
    made = [" ".join(chance.choices(WORDS, k=chance.randint(3, 20))) for _ in range(count)]
    labels = [("farm", "sea", "money")[len(text) % 3] for text in made]
    return pl.DataFrame({"text": made, "label": labels, "split": _split(begin, count, rows)})


def sequences(begin: int, count: int, rows: int, folder: Path) -> pl.DataFrame:
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


def pictures(begin: int, count: int, rows: int, folder: Path) -> pl.DataFrame:
    """Make pictures, PNG files of some 9 kB each, with how light each is."""
    chance = np.random.default_rng(begin)
    light = chance.uniform(size=count)
    for number, level in enumerate(light, start=begin):
        pixels = level * 255 + chance.normal(scale=9, size=(*PIXELS, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{number:07d}.png", compress_level=1)
    names = [f"{number:07d}.png" for number in range(begin, begin + count)]
    return pl.DataFrame({"picture": names, "target": light, "split": _split(begin, count, rows)})


def captions(begin: int, count: int, rows: int, folder: Path) -> pl.DataFrame:
    """Make pictures, and say in words how light each is."""
    table = pictures(begin, count, rows, folder)
    said = [("a dark one", "a grey one", "a light one")[int(3 * light)] for light in table["target"]]
    return table.select("split", image="picture", caption=pl.Series(said))


def _split(begin: int, count: int, rows: int) -> list[str]:
    """Mark examples, evenly: a tenth of all, but no more than `TESTED`, to validate on, and as many to test on."""
    every = max(10, rows // TESTED)
    return [{0: "test", 1: "validation"}.get(k % every, "train") for k in range(begin, begin + count)]


KINDS = {
    "series": Kind(
        "--plugin forecasting --series id --time time --target y --past x --horizon 6 --window 24 --test-size 6 "
        "--validation-size 6 --loss-scale window --dropout 0 --batch-size 1024",
        series,
        "--every 24",
    ),
    "short series": Kind(
        "--plugin forecasting --series id --time time --target y --past x --horizon 3 --window 12 --test-size 3 "
        "--validation-size 3 --loss-scale window --dropout 0 --batch-size 1024",
        partial(series, length=SHORT),
    ),
    "texts": Kind("--plugin classification --embedding 8 --batch-size 1024", texts),
    "sequences": Kind("--plugin regression --sequence sequence --target target --batch-size 1024", sequences),
    "pictures": Kind("--plugin regression --target target --size 32 --batch-size 64", pictures),
    "captions": Kind(
        "--plugin captioning --size 96 --channels 4 8 8 --decoder tell --embedding 8 --batch-size 64",
        captions,
        in_pieces=False,
    ),
}


def write(folder: Path, kind: Kind, rows: int) -> None:
    """Write a table into files of at most `FILE` rows, and at least `FILES` files."""
    each = min(FILE, rows // FILES)
    for begin in range(0, rows, each):
        kind.table(begin, min(each, rows - begin), rows, folder).write_parquet(folder / f"{begin:09d}.parquet")
