"""How sure a score is: intervals by the bootstrap (Efron 1979), over blocks of examples that stand side by side.

Neighbours are drawn together, since windows of one series overlap: to draw them one by one would promise too much.
Metrics need not be means: what is resampled are the totals that a task adds up, and each resample is finished anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lstm_onnx.task import AnyTask, Totals

BLOCKS = 100
"""Blocks at most: enough for an interval, few enough to add up again and again."""
RESAMPLES = 300
LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """A score, and between what it lies in `LEVEL` of all resamples."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Sureness:
    """Scores with their intervals.

    Attributes:
        scores: who answers -> metric -> interval.
        wins: naive answer -> in which share of the resamples the first one has the better primary metric.
        blocks: how many blocks were drawn from.
    """

    scores: Mapping[str, Mapping[str, Interval]]
    wins: Mapping[str, float]
    blocks: int


def added(totals: Sequence[Totals]) -> Totals:
    """Add up the totals of parts."""
    whole: dict[str, tuple[Any, Any]] = {}
    for part in totals:
        for name, (total, count) in part.items():
            before = whole.get(name, (0.0, 0.0))
            whole[name] = (before[0] + total, before[1] + count)
    return whole


def blocks_of(parts: Sequence[Totals], most: int = BLOCKS) -> list[Totals]:
    """Join parts that stand side by side, to `most` blocks at most."""
    if len(parts) <= most:
        return list(parts)
    edges = np.linspace(0, len(parts), most + 1).round().astype(int)
    return [added(parts[begin:end]) for begin, end in pairwise(edges)]


def sureness(task: AnyTask, answered: Mapping[str, Sequence[Totals]], seed: int = 0) -> Sureness:
    """Resample the blocks of each answer alike, so that differences between them are paired.

    Args:
        task: finishes totals, and says which metric counts.
        answered: who answers -> totals of the same blocks; the first is the model.
        seed: of the resamples.
    """
    model, *others = answered
    count = len(answered[model])
    drawn = np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))
    finished = {
        who: [task.finish(added([blocks[i] for i in chosen])) for chosen in drawn] for who, blocks in answered.items()
    }
    primary = task.primary_metric
    reached = {who: [one.get(primary.name, np.nan) for one in found] for who, found in finished.items()}
    return Sureness(
        {who: _intervals(task.finish(added(blocks)), finished[who]) for who, blocks in answered.items()},
        {
            who: float(np.mean([primary.improves(a, b) for a, b in zip(reached[model], reached[who], strict=True)]))
            for who in others
        },
        count,
    )


def _intervals(whole: Mapping[str, float], resampled: Sequence[Mapping[str, float]]) -> dict[str, Interval]:
    found = {}
    for name, value in whole.items():
        values = np.array([one[name] for one in resampled if np.isfinite(one.get(name, np.nan))])
        edges = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(values) else (np.nan, np.nan)
        found[name] = Interval(value, float(edges[0]), float(edges[1]))
    return found
