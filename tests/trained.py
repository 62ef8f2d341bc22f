"""Small trained runs of several kinds of features, made once for the tests of their tasks and of their programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image as pillow

import lstm_onnx as lo

SMALL = {"epochs": 1, "threads": 1, "hidden": 6, "filters": (4, 6), "size": 16, "embedding": 4}
WORDS = {"sport": "ball", "money": "coin", "rain": "cloud"}


def draw_parts(folder: Path, count: int = 24) -> Path:
    """A table with a row a step, and a picture for each case: a bright square, left or right, whose size counts."""
    random = np.random.default_rng(0)
    (folder / "photos").mkdir()
    rows: list[Mapping[str, object]] = []
    for case in range(count):
        side, at = int(random.integers(4, 12)), 12 * (case % 2)
        pixels = random.integers(0, 60, (20, 24 + case % 3, 3)).astype(np.uint8)
        pixels[1 : 1 + side, at : at + side] = 230
        pillow.fromarray(pixels).save(folder / "photos" / f"p{case}.png")
        rows += [
            {"case": f"c{case}", "time": t, "flow": float(random.normal()), "site": "ns"[case % 2], "age": case % 7}
            | {"photo": f"p{case}.png", "note": "this one was worn"}
            | {"area": float(side * side), "edge": float(4 * side)}
            for t in range(3)
        ]
    pl.DataFrame(rows).write_csv(folder / "parts.csv")
    return folder / "parts.csv"


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of parts, with its pictures beside it."""
    return draw_parts(tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="session")
def measured_parts(parts: Path) -> Path:
    """Five kinds of features go in, pictures among them, and two numbers come out, each with an interval."""
    options = SMALL | {"target": ("area", "edge"), "interval": 0.3}
    run = lo.train("regression", parts, runs=parts.parent / "runs", name="parts", **options)
    return run.export(parts.parent / "parts.onnx").path


@pytest.fixture(scope="session")
def sides(parts: Path) -> Path:
    """A table of pictures and classes alone, a row each."""
    frame = pl.read_csv(parts).unique("case", maintain_order=True)
    side = pl.when(pl.col("site") == "n").then(pl.lit("left")).otherwise(pl.lit("right"))
    frame.select("photo", label=side).write_csv(parts.parent / "sides.csv")
    return parts.parent / "sides.csv"


@pytest.fixture(scope="session")
def sides_run(sides: Path) -> lo.Run:
    """A classifier of pictures, which tells them all apart."""
    options = SMALL | {"epochs": 12, "learning_rate": 0.02, "dropout": 0.0, "batch_size": 4}
    return lo.train("classification", sides, runs=sides.parent / "runs", name="sides", **options)


@pytest.fixture(scope="session")
def told_sides(sides_run: lo.Run, sides: Path) -> Path:
    """The file of the classifier of pictures."""
    return sides_run.export(sides.parent / "sides.onnx").path


def texts(count: int = 90) -> tuple[list[str], list[list[str]]]:
    """Texts that name each of their classes by a word of its own; some have none."""
    random = np.random.default_rng(0)
    sets = [[name for name in WORDS if random.random() < 0.4] for _ in range(count)]
    return [" ".join(["the", *(WORDS[name] for name in row), "today"]) for row in sets], sets


def table_of_texts(folder: Path, how: str) -> Path:
    """These texts with their classes: `flags`, `json`, or parted by a sign."""
    said, sets = texts()
    frame = pl.DataFrame({"text": said})
    if how == "flags":
        frame = frame.with_columns(pl.Series(name, [int(name in row) for row in sets]) for name in WORDS)
    else:
        cells = [json.dumps(row) if how == "json" else how.join(row) for row in sets]
        frame = frame.with_columns(pl.Series("label", cells))
    frame.write_csv(folder / "texts.csv")
    return folder / "texts.csv"


@pytest.fixture(scope="session")
def sets_run(tmp_path_factory: pytest.TempPathFactory) -> lo.Run:
    """A classifier of texts that may have several classes, and has learnt them."""
    folder = tmp_path_factory.mktemp("several")
    small = {"hidden": 8, "embedding": 8, "epochs": 25, "learning_rate": 0.03, "batch_size": 16, "threads": 1}
    return lo.train("classification", table_of_texts(folder, ";"), several=";", runs=folder / "runs", **small)
