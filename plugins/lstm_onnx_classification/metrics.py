"""Metrics of classification, as sums and counts of a batch.

Accuracy and cross-entropy are means over examples; balanced accuracy and macro F1 come from the added-up confusion
matrix; AUC and calibration from added-up histograms, so that no metric needs all probabilities at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BINS = 15
"""Bins of the expected calibration error (Guo and others 2017)."""
_GRADES = 2000
"""Bins by which the AUC ranks probabilities; two in one bin count as equal."""
_LEAST = 1e-12


def totals(probabilities: Array, target: Array) -> dict[str, tuple[Any, Any]]:
    """Score probabilities (batch, class) against the numbers of the true classes (batch,)."""
    p = probabilities.astype(np.float64)
    count, classes = p.shape
    chosen = p.argmax(axis=1)
    right = chosen == target
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (target, chosen), 1)
    return {
        "accuracy": (float(right.sum()), count),
        "log_loss": (float(-np.log(np.maximum(p[np.arange(count), target], _LEAST)).sum()), count),
        "confusion": (confusion, count),
        "calibration": (_calibration(p.max(axis=1), right), count),
        "ranks": (_ranks(p, target), count),
    }


def _calibration(confidence: Array, right: Array) -> Array:
    """Return (3, BINS): examples, sum of confidence, and right answers in each bin of confidence."""
    which = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    return np.stack(
        [np.bincount(which, weights=w, minlength=BINS) for w in (np.ones_like(confidence), confidence, right)]
    )


def _ranks(p: Array, target: Array) -> Array:
    """Return (class, 2, grade): how many examples of other classes, and of the class, have which probability of it."""
    found = np.zeros((p.shape[1], 2, _GRADES))
    # by the logarithm of the odds, which tells small probabilities apart
    odds = np.log(np.maximum(p, _LEAST)) - np.log(np.maximum(1 - p, _LEAST))
    grade = np.clip((odds + 28) / 56 * _GRADES, 0, _GRADES - 1).astype(np.int64)
    for k in range(p.shape[1]):
        np.add.at(found[k], ((target == k).astype(np.int64), grade[:, k]), 1)
    return found


def finish(added: Mapping[str, tuple[Any, Any]]) -> dict[str, float]:
    """Turn added-up totals into figures."""
    confusion, count = added["confusion"]
    hits, there, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    seen = there > 0
    recall = hits[seen] / there[seen]
    # a class that is neither there nor called says nothing of the model
    named = (there + called) > 0
    f1 = 2 * hits[named] / (there + called)[named]
    return {
        "accuracy": added["accuracy"][0] / count,
        "balanced_accuracy": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "log_loss": added["log_loss"][0] / count,
        "auc": auc(added["ranks"][0]),
        "ece": calibration_error(added["calibration"][0]),
    }


def calibration_error(bins: Array) -> float:
    """Mean distance of confidence from accuracy, over the bins (3, BINS), weighed by their examples."""
    _, confidence, right = bins
    return float(np.abs(confidence - right).sum() / max(bins[0].sum(), 1))


def auc(ranks: Array) -> float:
    """Mean over classes of the area under the curve, each class against the rest; NaN where only one class is there."""
    areas = []
    for others, own in ranks:
        pairs = others.sum() * own.sum()
        if pairs:
            below = np.cumsum(others) - others
            areas.append(float((own * (below + 0.5 * others)).sum() / pairs))
    return float(np.mean(areas)) if areas else float("nan")
