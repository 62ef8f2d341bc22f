"""Metrics of classification that the core lacks, each as sums and counts of a batch.

A class that was never learnt has the number -1: whatever is answered is wrong, and it has no probability.
Balanced accuracy and macro F1 come from the added-up confusion matrix, calibration from an added-up histogram, and the
AUC from the ranks of all probabilities, which are collected.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_onnx.data.collected import Collected
from lstm_onnx.features.category import Category
from lstm_onnx.features.metrics import Metric, accuracy
from lstm_onnx.task import Arrays

Array = NDArray[Any]

BINS = 15
"""Bins of the expected calibration error (Guo and others 2017)."""
_LEAST = 1e-12


def _scored(answers: Arrays, batch: Arrays) -> tuple[Array, Array]:
    """Return probabilities (batch, class), and the numbers of the true classes (batch,)."""
    return answers["probabilities"].astype(np.float64), batch["label_number"]


def _log_losses(answers: Arrays, batch: Arrays) -> tuple[float, int]:
    p, target = _scored(answers, batch)
    true = np.where(target >= 0, p[np.arange(len(p)), target], _LEAST)
    return float(-np.log(np.maximum(true, _LEAST)).sum()), len(p)


def _confusion(answers: Arrays, batch: Arrays, label: Category) -> tuple[Array, int]:
    """Return how many examples of each class (rows; the last of those never learnt) were called what (columns)."""
    p, target = answers["probabilities"], batch["label_number"]
    said = answers.get("label_number")
    confusion = np.zeros((p.shape[1] + 1, p.shape[1]))
    np.add.at(confusion, (target, label.decided(p) if said is None else said), 1)
    return confusion, len(p)


def _calibration(answers: Arrays, batch: Arrays) -> tuple[Array, int]:
    """Return (3, BINS): examples, sum of confidence, and right answers in each bin of confidence."""
    p, target = _scored(answers, batch)
    confidence, right = p.max(axis=1), p.argmax(axis=1) == target  # of the likeliest, whatever a threshold says
    which = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    columns = [np.bincount(which, weights=w, minlength=BINS) for w in (np.ones_like(confidence), confidence, right)]
    return np.stack(columns), len(p)


def _all(answers: Arrays, batch: Arrays) -> tuple[Collected, int]:
    return Collected(probabilities=answers["probabilities"], target=batch["label_number"]), len(batch["label_number"])


def balanced_accuracy(confusion: Array, count: int = 0) -> float:
    """Mean over classes of the share of their examples that were called right; never learnt ones count as one class."""
    there = confusion.sum(axis=1)
    seen = there > 0
    return float((np.append(np.diag(confusion), 0.0)[seen] / there[seen]).mean())


def macro_f1(confusion: Array, count: int = 0) -> float:
    """Mean of the F1 of each class; one that is neither there nor called says nothing of the model."""
    both = confusion[:-1].sum(axis=1) + confusion.sum(axis=0)
    named = both > 0
    return float((2 * np.diag(confusion)[named] / both[named]).mean())


def calibration_error(bins: Array, count: int = 0) -> float:
    """Mean distance of confidence from accuracy, over the bins (3, BINS), weighed by their examples."""
    _, confidence, right = bins
    return float(np.abs(confidence - right).sum() / max(bins[0].sum(), 1))


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


def pr_auc(probabilities: Array, target: Array) -> float:
    """Average precision of the rarer of two classes."""
    rarer = int((target == 1).sum() <= (target == 0).sum())
    return average_precision(probabilities[:, rarer], target == rarer)


def average_precision(scores: Array, own: Array) -> float:
    """Area under precision over recall, as a sum of steps: that of the threshold at which each example is found.

    Args:
        scores: (example,), the probability of the class.
        own: (example,), whether an example is of it; NaN is returned where none is.
    """
    if not own.any():
        return float("nan")
    recall, precision = curve(scores, own)
    return float((np.diff(recall, prepend=0.0) * precision).sum())


def curve(scores: Array, own: Array) -> tuple[Array, Array]:
    """Return recall and precision at each threshold that some example reaches, the highest first.

    Args:
        scores: (example,), probabilities of a class.
        own: (example,), whether an example is of it; one at least.
    """
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(own[order])
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))  # equal scores are found together
    return hits[ends] / int(own.sum()), hits[ends] / (ends + 1)


def _precision(confusion: Array, place: int) -> float:
    called = confusion[:, place].sum()
    return float(confusion[place, place] / called) if called else float("nan")


def _recall(confusion: Array, place: int) -> float:
    there = confusion[place].sum()
    return float(confusion[place, place] / there) if there else float("nan")


def scores(label: Category) -> tuple[Metric, ...]:
    """Return the metrics of an answered class."""

    def confusion(answers: Arrays, batch: Arrays) -> tuple[Array, int]:
        return _confusion(answers, batch, label)

    of_two = (Metric("pr_auc", "max", _all, lambda collected, _: pr_auc(**collected.arrays())),)
    at_threshold: tuple[Metric, ...] = ()
    if (place := label.place_of_positive) is not None:
        at_threshold = (
            Metric("precision", "max", confusion, lambda total, _: _precision(total, place)),
            Metric("recall", "max", confusion, lambda total, _: _recall(total, place)),
        )
    return (
        accuracy("label", "accuracy", "probabilities", label.decided),
        Metric("balanced_accuracy", "max", confusion, balanced_accuracy),
        Metric("macro_f1", "max", confusion, macro_f1),
        *at_threshold,
        Metric("log_loss", "min", _log_losses),
        Metric("auc", "max", _all, lambda collected, _: auc(**collected.arrays())),
        *(of_two if label.width == 2 else ()),
        Metric("ece", "min", _calibration, calibration_error),
    )
