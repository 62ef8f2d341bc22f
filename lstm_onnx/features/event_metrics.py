"""How decisions of yes or no at each step are scored: step by step, and event by event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.features.metrics import Metric
from lstm_onnx.task import Arrays


def event_metrics(output: str) -> list[Metric]:
    """Return F1, precision and recall of steps; of events how many were found, and after how many steps.

    An event is a run of steps whose truth is 1; it is found if one of them is answered with 1, and its delay is how
    many of them passed before. Steps of which nobody knows (a truth below 0) do not count.

    Args:
        output: a `Steps` with two labels, no and yes.
    """

    def steps(answers: Arrays, batch: Arrays) -> tuple[Array, int]:
        said, truth = answers[output] == 1, batch[output]
        found = (said & (truth == 1), said & (truth >= 0), truth == 1, truth == 0)
        return np.array([f.sum() for f in found], dtype=np.float64), 1

    def events(answers: Arrays, batch: Arrays) -> tuple[Array, int]:
        total = np.zeros(3)
        for said, truth in zip(answers[output] == 1, batch[output] == 1, strict=True):
            edges = np.flatnonzero(np.diff(np.concatenate([[0], truth.astype(np.int64), [0]])))
            for begin, end in zip(edges[::2], edges[1::2], strict=True):
                hits = np.flatnonzero(said[begin:end])
                total += (1, len(hits) > 0, hits[0] if len(hits) else 0)
        return total, 1

    def ratio(top: Callable[[Any], float], below: Callable[[Any], float]) -> Callable[[Any, int], float]:
        return lambda t, _: float(top(t) / below(t)) if below(t) else float("nan")

    return [
        Metric("f1", "max", steps, ratio(lambda t: 2 * t[0], lambda t: (t[1] + t[2]) if t[2] else 0)),
        Metric("precision", "max", steps, ratio(lambda t: t[0], lambda t: t[1])),
        Metric("recall", "max", steps, ratio(lambda t: t[0], lambda t: t[2])),
        Metric("found", "max", events, ratio(lambda t: t[1], lambda t: t[0])),
        Metric("delay", "min", events, ratio(lambda t: t[2], lambda t: t[1])),
        Metric("false_per_1000", "min", steps, ratio(lambda t: 1000 * (t[1] - t[0]), lambda t: t[3])),
    ]
