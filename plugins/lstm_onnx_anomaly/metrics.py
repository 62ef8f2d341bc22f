"""How alarms are scored against what is known, and what is simpler than a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.plugin import Metric, Rows, event_metrics
from lstm_onnx.task import Answer, Arrays
from lstm_onnx_anomaly.model import ALARM, EXPECTED, REASON, ROWS, SCORE
from lstm_onnx_anomaly.options import Config


def scores(spread: Array) -> list[Metric]:
    """Return the scores of alarms, and the error of the forecast in `spread`, a number for each column."""

    def error(answers: Arrays, batch: Arrays) -> tuple[float, int]:
        """Errors of what was expected of normal rows, in spreads."""
        wrong = np.abs(answers[EXPECTED] - batch[ROWS]) / spread
        steps = np.arange(wrong.shape[1]) < batch["lengths"][:, None]
        wrong = wrong[(steps & (batch[ALARM] != 1))[:, :, None] & np.isfinite(wrong)]
        return float(wrong.sum()), wrong.size

    return [*event_metrics(ALARM), Metric("error", "min", error)]


def simple_methods(rows: Rows, known: Sequence[Array], marks: Sequence[Any], options: Config) -> dict[str, Answer]:
    """Return the z-score and the last value; thresholds from the training part, with its `marks`, by the same share."""
    center, spread = np.array(rows.center), np.array(rows.spread)

    def mean(values: Array) -> Array:
        return np.broadcast_to(center, values.shape)

    def last(values: Array) -> Array:
        return np.concatenate([values[:, :1], values[:, :-1]], axis=1)

    def made(expect: Callable[[Array], Array]) -> Answer:
        normal = [np.array([m != 1 for m in row]) for row in marks]
        pieces = [_relative(v[None], expect, spread)[0][n] for v, n in zip(known, normal, strict=True)]
        highest = np.concatenate(pieces).max(axis=1)
        threshold = float(np.quantile(highest, 1 - options.false_alarms)) or 1.0

        def answer(batch: Arrays) -> dict[str, Array]:
            relative = _relative(batch[ROWS], expect, spread)
            score = relative.max(axis=2) / threshold
            alarm = (score > 1 / options.sensitivity).astype(np.int64)
            expected = np.nan_to_num(expect(batch[ROWS])).astype(np.float32)
            return {SCORE: score, ALARM: alarm, REASON: relative.argmax(axis=2), EXPECTED: expected}

        return answer

    return {"z-score": made(mean), "last value": made(last)}


def _relative(values: Array, expect: Callable[[Array], Array], spread: Array) -> Array:
    found: Array = np.nan_to_num(np.abs(values - expect(values)) / spread)
    return found
