"""Metrics of classification, as sums and counts of a batch.

Accuracy and cross-entropy are means over examples; balanced accuracy and macro F1 come from the added-up confusion
matrix, calibration from an added-up histogram, and the AUC from the ranks of all probabilities, which are collected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.data.collected import Collected

Array = NDArray[Any]

BINS = 15
"""Bins of the expected calibration error (Guo and others 2017)."""
_LEAST = 1e-12


def totals(probabilities: Array, target: Array) -> dict[str, tuple[Any, Any]]:
    """Score probabilities (batch, class) against the numbers of the true classes (batch,).

    A class that was never learnt has the number -1: whatever is answered is wrong, and it has no probability.
    """
    p = probabilities.astype(np.float64)
    count, classes = p.shape
    chosen = p.argmax(axis=1)
    right = chosen == target
    known = target >= 0
    confusion = np.zeros((classes, classes))
    np.add.at(confusion, (target[known], chosen[known]), 1)
    true = np.where(known, p[np.arange(count), target], _LEAST)
    return {
        "accuracy": (float(right.sum()), count),
        "log_loss": (float(-np.log(np.maximum(true, _LEAST)).sum()), count),
        "confusion": (confusion, count),
        "strange": (np.bincount(chosen[~known], minlength=classes).astype(np.float64), count),
        "calibration": (_calibration(p.max(axis=1), right), count),
        "scores": (Collected(probabilities=probabilities, target=target), count),
    }


def _calibration(confidence: Array, right: Array) -> Array:
    """Return (3, BINS): examples, sum of confidence, and right answers in each bin of confidence."""
    which = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    return np.stack(
        [np.bincount(which, weights=w, minlength=BINS) for w in (np.ones_like(confidence), confidence, right)]
    )


def finish(added: Mapping[str, tuple[Any, Any]]) -> dict[str, float]:
    """Turn added-up totals into figures."""
    confusion, count = added["confusion"]
    strange = added["strange"][0]
    hits, there, called = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0) + strange
    seen = there > 0
    recall = hits[seen] / there[seen]
    if strange.any():  # nothing of a class that was never learnt is found
        recall = np.append(recall, 0.0)
    # a class that is neither there nor called says nothing of the model
    named = (there + called) > 0
    f1 = 2 * hits[named] / (there + called)[named]
    return {
        "accuracy": added["accuracy"][0] / count,
        "balanced_accuracy": float(recall.mean()),
        "macro_f1": float(f1.mean()),
        "log_loss": added["log_loss"][0] / count,
        "auc": auc(**added["scores"][0].arrays()),
        **_pr_auc(**added["scores"][0].arrays()),
        "ece": calibration_error(added["calibration"][0]),
    }


def calibration_error(bins: Array) -> float:
    """Mean distance of confidence from accuracy, over the bins (3, BINS), weighed by their examples."""
    _, confidence, right = bins
    return float(np.abs(confidence - right).sum() / max(bins[0].sum(), 1))


def _pr_auc(probabilities: Array, target: Array) -> dict[str, float]:
    """Average precision of the rarer of two classes, by name; nothing where there are more."""
    if probabilities.shape[1] != 2:
        return {}
    rarer = int((target == 1).sum() <= (target == 0).sum())
    return {"pr_auc": average_precision(probabilities[:, rarer], target == rarer)}


def average_precision(scores: Array, own: Array) -> float:
    """Area under precision over recall, as a sum of steps: that of the threshold at which each example is found.

    Args:
        scores: (example,), the probability of the class.
        own: (example,), whether an example is of it; NaN is returned where none is.
    """
    count = int(own.sum())
    if not count:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(own[order])
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # equal scores are found together
    precision, recall = hits[ends] / (ends + 1), hits[ends] / count
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def auc(probabilities: Array, target: Array) -> float:
    """Mean over classes of the area under the curve, each class against the rest; NaN where only one class is there.

    The area is the share of pairs, an example of the class and one of another, in which the first has the higher
    probability of it; equal ones count half (the statistic of Mann and Whitney, 1947, by mean ranks).

    Args:
        probabilities: (example, class).
        target: number of the true class of each example.
    """
    areas = []
    for k, scores in enumerate(probabilities.T):
        own = target == k
        count, rest = int(own.sum()), int((~own).sum())
        if not count or not rest:
            continue
        _, place, there = np.unique(scores, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(there) - (there - 1) / 2)[place]
        areas.append((ranks[own].sum() - count * (count + 1) / 2) / (count * rest))
    return float(np.mean(areas)) if areas else float("nan")
