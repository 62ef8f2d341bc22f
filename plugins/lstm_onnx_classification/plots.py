"""Plots of examples beside their probabilities, and of added-up scores: confusion, confidence against accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lstm_onnx.contract import Array, Contract
from lstm_onnx.task import Arrays
from lstm_onnx_classification.baselines import written
from lstm_onnx_classification.metrics import BINS, calibration_error

_SHOWN = 6
_BARS = 5
_WRITTEN = 20
"""Up to so many classes the cells of a confusion matrix have their numbers in them."""
_RIGHT, _WRONG, _OTHER, _PLAIN = "#228833", "#cc3311", "#cccccc", "#4477aa"


def example_figure(contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None) -> Figure:
    """Draw some examples, each beside its most probable classes; with the truth known, wrong answers come first."""
    names = contract.axes["class"].labels or ()
    probabilities = outputs["probabilities"]
    target = truth["label_number"] if truth is not None else None
    order = np.arange(len(probabilities))
    if target is not None:  # half of what is shown may be wrong answers: they teach most
        label = (
            np.asarray(outputs["label"]).astype(str) if "label" in outputs else np.array(names)[outputs["label_number"]]
        )
        wrong = order[label != np.append(names, "")[target]][: _SHOWN // 2]
        order = np.concatenate([wrong, np.setdiff1d(order, wrong)])
    chosen = order[:_SHOWN]
    high = any(_is_picture(a) for a in inputs.values()) or "values" in inputs
    figure = Figure(figsize=(9, (1.5 if high else 1.1) * len(chosen) + 0.4), layout="constrained")
    if target is not None:
        figure.suptitle("green: what is true; red: a wrong answer", fontsize=9, x=0.99, ha="right", color="#666666")
    axes = figure.subplots(len(chosen), 2, squeeze=False, width_ratios=(2.2, 1))
    for (left, right), i in zip(axes, chosen, strict=True):
        _draw_input(left, contract, inputs, int(i))
        _draw_bars(right, names, probabilities[i], None if target is None else int(target[i]))
    return figure


def _draw_input(axes: Any, contract: Contract, inputs: Arrays, i: int) -> None:
    """Draw what tells most of an example: a picture, a sequence or a text, or the numbers and names that it has."""
    picture = next((array for array in inputs.values() if _is_picture(array)), None)
    if picture is not None:
        axes.imshow(picture[i])
        axes.axis("off")
    elif "values" in inputs:
        _draw_sequence(axes, contract, inputs, i)
    elif {"text", "bytes", "tokens"} & inputs.keys():
        _write_text(axes, inputs, i)
    else:
        single = [f"{name}: {array[i]}" for name, array in inputs.items() if np.ndim(array) == 1]
        axes.text(0, 0.5, "\n".join(single[:6]), va="center", fontsize=8, parse_math=False)
        axes.axis("off")


def _is_picture(array: Array) -> bool:
    """Whether these are pictures: of one size in one array, or each in its own."""
    first = np.asarray(array[0]) if len(array) else np.empty(0)
    return first.dtype == np.uint8 and first.ndim == 3


def _draw_sequence(axes: Any, contract: Contract, inputs: Arrays, i: int) -> None:
    values = inputs["values"][i]
    if "lengths" in inputs:
        values = values[: int(inputs["lengths"][i])]
    channels = contract.axes["channel"].labels or ()
    for k in range(values.shape[1]):
        axes.plot(values[:, k], linewidth=1, marker="." if len(values) < 3 else None, label=channels[k])
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=7)
    if 1 < len(channels) <= 4:
        axes.legend(frameon=False, fontsize=7, loc="upper right")


def _write_text(axes: Any, inputs: Arrays, i: int) -> None:
    if "tokens" in inputs:
        text = " ".join(str(n) for n in inputs["tokens"][i][: int(inputs["lengths"][i])])
    else:
        text = written({name: array[i : i + 1] for name, array in inputs.items()})[0]
    lines, width = [""], 70
    for word in text.replace("$", r"\$").split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word + " "
    shown = lines[:4] + (["…"] if len(lines) > 4 else [])
    axes.text(0, 0.5, "\n".join(shown), va="center", fontsize=8, wrap=False)
    axes.axis("off")


def _draw_bars(axes: Any, names: tuple[str, ...], probabilities: Array, target: int | None) -> None:
    best = np.argsort(-probabilities, kind="stable")[:_BARS]
    if target is not None and target not in best:
        best = np.append(best[:-1], target)
    colors = [_RIGHT if k == target else _OTHER for k in best]
    if target is None:
        colors = [_PLAIN] * len(best)
    elif best[0] != target:
        colors[0] = _WRONG
    axes.barh(range(len(best)), probabilities[best], color=colors, height=0.7)
    axes.set_yticks(range(len(best)), [names[k][:18] for k in best], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.tick_params(axis="x", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)


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
