"""Precision and recall of a class at any threshold: as a table, and as a curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from lstm_onnx.contract import Array, Contract
from lstm_onnx.task import Totals
from lstm_onnx_classification.metrics import average_precision, curve

_STEPS = tuple(round(0.1 * k, 1) for k in range(1, 10))
_CURVES = 10
"""Of more classes the curves of those with the most examples are drawn."""


def positive_class(contract: Contract, totals: Totals) -> tuple[int | None, float | None]:
    """Return the number of the class that a threshold is for, and the threshold that the graph has.

    Where it has none, the class is the rarer one of two, and None of more.
    """
    scores = next(t for t in contract.outputs if t.is_scores)
    names = contract.axes[scores.dims[-1]].labels or ()
    if scores.positive is not None:
        return names.index(scores.positive), scores.threshold
    if len(names) != 2:
        return None, None
    _, target = _collected(totals)
    return int((target == 1).sum() <= (target == 0).sum()), None


def threshold_table(totals: Totals, place: int, threshold: float | None) -> pl.DataFrame:
    """Return what is found of a class, and how much of it is right, if it is answered from a probability on.

    Args:
        totals: of the scores.
        place: number of the class.
        threshold: that of the graph, which is among the rows.

    Returns:
        `threshold`, `precision`, `recall`, `f1`, and how many `answers` there are of it; a share of nothing is missing.
    """
    probabilities, target = _collected(totals)
    own, scores = target == place, probabilities[:, place]
    rows = []
    for at in sorted({*_STEPS, *([] if threshold is None else [threshold])}):
        said = scores >= np.asarray(at, dtype=scores.dtype)
        hits, answers, there = int((said & own).sum()), int(said.sum()), int(own.sum())
        rows.append(
            {
                "threshold": at,
                "precision": hits / answers if answers else None,
                "recall": hits / there if there else None,
                "f1": 2 * hits / (answers + there) if answers + there else None,
                "answers": answers,
            }
        )
    return pl.DataFrame(rows, schema_overrides={"precision": pl.Float64, "recall": pl.Float64, "f1": pl.Float64})


def precision_recall_figure(names: Sequence[str], totals: Totals, place: int | None, threshold: float | None) -> Figure:
    """Draw precision over recall, of the positive class or of each; the threshold of the graph is a point on it."""
    probabilities, target = _collected(totals)
    there = np.bincount(target[target >= 0], minlength=len(names))
    most = np.argsort(-there, kind="stable")[:_CURVES]
    shown = [place] if place is not None else [int(k) for k in sorted(most) if there[k]]
    figure = Figure(figsize=(4.8, 4.4), layout="constrained")
    axes = figure.subplots()
    for k in shown:
        own, scores = target == k, probabilities[:, k]
        recall, precision = curve(scores, own)
        label = f"{names[k][:18]}, average precision {average_precision(scores, own):.3f}"
        axes.step(recall, precision, where="pre", linewidth=1.3, label=label)
        if k == place and threshold is not None:
            row = threshold_table(totals, k, threshold).row(by_predicate=pl.col("threshold") == threshold, named=True)
            if row["precision"] is not None and row["recall"] is not None:
                axes.plot(row["recall"], row["precision"], "o", color="#cc3311", label=f"threshold {threshold:g}")
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("recall (share of its examples that is found)")
    axes.set_ylabel("precision (share of its answers that is right)")
    axes.legend(frameon=False, fontsize=7, loc="lower left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _collected(totals: Totals) -> tuple[Array, Array]:
    arrays = totals["auc"][0].total.arrays()
    return arrays["probabilities"], arrays["target"]
