"""Sets of the UCR archive with their official splits, beside 1-NN DTW and the published figures of InceptionTime."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from typing import Any

import lstm_onnx as lo
from benchmarks.development import dtw
from benchmarks.development.archive import development, names, table
from benchmarks.development.figures import RIVALS, Figure, read, trained
from benchmarks.development.part import Part

DTW = "1-NN DTW"
INCEPTION = "InceptionTime"
COLUMNS = (DTW, INCEPTION, "default of 0.3.0")


def _final() -> list[str]:
    chosen = set(development())
    return [name for name in names() if name not in chosen]


def _train(part: str, name: str, seed: int, changed: Mapping[str, Any]) -> Iterator[Figure]:
    """Train with all defaults but `changed`, and score the test part."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        asked = {"seed": seed, "threads": 1, "device": "cpu", "split": "split", **changed}
        run = lo.train("classification", table(name), runs=folder, **asked)
        scores = run.record.scores
        assert scores is not None
    reached = {n: round(scores.model[n], 4) for n in ("log_loss", "balanced_accuracy", "macro_f1")}
    yield trained(
        *(part, name, seed, changed),
        metric="accuracy",
        value=round(scores.model["accuracy"], 4),
        seconds=round(time.perf_counter() - began, 1),
        more={**reached, "epochs": run.record.epochs_done},
    )
    known = any(f.set == name and f.method == DTW for f in read(RIVALS))
    if not known and DTW in scores.baselines:
        yield Figure(part, name, DTW, "accuracy", round(scores.baselines[DTW]["accuracy"], 4))


def _others(part: str, name: str) -> Iterator[Figure]:
    """Score the nearest neighbour, with a C compiler."""
    began = time.perf_counter()
    reached = round(dtw.accuracy(name), 4)
    yield Figure(part, name, DTW, "accuracy", reached, seconds=round(time.perf_counter() - began, 1))


DEVELOPMENT = Part(
    "sets of the UCR archive, by which defaults are chosen",
    development,
    lambda name, seed, changed: _train("ucr", name, seed, changed),
    lambda name: _others("ucr", name),
    COLUMNS,
)
FINAL = Part(
    "the other sets of the UCR archive, by which nothing is chosen",
    _final,
    lambda name, seed, changed: _train("ucr-final", name, seed, changed),
    lambda name: _others("ucr-final", name),
    COLUMNS[:2],
)
