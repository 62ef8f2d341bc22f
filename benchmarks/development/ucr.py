"""Sets of the UCR archive with their official splits, beside 1-NN DTW and the published figures of InceptionTime."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.development import dtw
from benchmarks.development.archive import development, names, table
from benchmarks.development.classified import classified
from benchmarks.development.figures import RIVALS, Figure, read
from benchmarks.development.part import Part

DTW = "1-NN DTW"
INCEPTION = "InceptionTime"
COLUMNS = (DTW, INCEPTION, "default of 0.6.0", "default of 0.3.0")


def _final() -> list[str]:
    chosen = set(development())
    return [name for name in names() if name not in chosen]


def _train(part: str, name: str, seed: int, changed: Mapping[str, Any]) -> Iterator[Figure]:
    """Train with all defaults but `changed`, and score the test part."""
    figure, scores = classified(part, name, seed, changed, lambda _: table(name))
    yield figure
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
    COLUMNS[:3],
)
