"""Pictures of added-up scores: the confusion matrix, and confidence against accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lstm_onnx_classification.metrics import BINS, calibration_error

Array = NDArray[Any]

_WRITTEN = 20
"""Up to so many classes the cells have their numbers in them."""


def confusion_figure(names: Sequence[str], confusion: Array) -> Figure:
    """Draw how many examples of each class (rows) were called what (columns), shaded by the share of the row."""
    count = len(confusion)
    size = min(3.2 + 0.42 * count, 13)
    figure = Figure(figsize=(size + 0.6, size), layout="constrained")
    axes = figure.subplots()
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    if count <= 60:
        shown = [name if len(name) <= 18 else name[:17] + "…" for name in names]
        axes.set_xticks(range(count), shown, rotation=0 if max(map(len, shown)) <= 3 else 60, ha="center")
        axes.set_yticks(range(count), shown)
    if count <= _WRITTEN:
        for row, column in np.argwhere(confusion > 0):
            color = "white" if shares[row, column] > 0.55 else "#333333"
            text = f"{confusion[row, column]:.0f}"
            axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
    right, total = float(np.trace(confusion)), float(confusion.sum())
    axes.set_title(f"{right:,.0f} of {total:,.0f} right ({right / max(total, 1):.1%})", fontsize=10)
    axes.spines[:].set_visible(False)
    return figure


def calibration_figure(bins: Array) -> Figure:
    """Draw accuracy over confidence, bin by bin; on the diagonal confidence can be taken at its word."""
    examples, confidence, right = bins
    seen = examples > 0
    figure = Figure(figsize=(4.6, 4.4), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, linestyle=":")
    x, y = confidence[seen] / examples[seen], right[seen] / examples[seen]
    axes.plot(x, y, color="#4477aa", linewidth=1)
    axes.scatter(x, y, s=12 + 220 * examples[seen] / examples.sum(), color="#4477aa", alpha=0.7)
    axes.set_xlim(0, 1.03)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("confidence (probability of the answer)")
    axes.set_ylabel("share of right answers")
    axes.set_title(f"expected calibration error {calibration_error(bins):.3f} ({BINS} bins)", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
