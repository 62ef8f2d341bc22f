"""Pictures of examples: a sequence or a text, and how probable each class is."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lstm_onnx.contract import Array, Contract
from lstm_onnx.task import Arrays

_SHOWN = 6
_BARS = 5
_RIGHT, _WRONG, _OTHER, _PLAIN = "#228833", "#cc3311", "#cccccc", "#4477aa"


def example_figure(contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None) -> Figure:
    """Draw some examples, each beside its most probable classes; with the truth known, wrong answers come first."""
    names = contract.axes["class"].labels or ()
    probabilities = outputs["probabilities"]
    target = truth["target"] if truth is not None else None
    order = np.arange(len(probabilities))
    if target is not None:  # half of what is shown may be wrong answers: they teach most
        wrong = order[probabilities.argmax(axis=1) != target][: _SHOWN // 2]
        order = np.concatenate([wrong, np.setdiff1d(order, wrong)])
    chosen = order[:_SHOWN]
    figure = Figure(figsize=(9, (1.5 if "values" in inputs else 1.1) * len(chosen) + 0.4), layout="constrained")
    if target is not None:
        figure.suptitle("green: what is true; red: a wrong answer", fontsize=9, x=0.99, ha="right", color="#666666")
    axes = figure.subplots(len(chosen), 2, squeeze=False, width_ratios=(2.2, 1))
    for (left, right), i in zip(axes, chosen, strict=True):
        if "values" in inputs:
            _draw_sequence(left, contract, inputs, int(i))
        else:
            _write_text(left, inputs, int(i))
        _draw_bars(right, names, probabilities[i], None if target is None else int(target[i]))
    return figure


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
    if "text" in inputs:
        text = str(inputs["text"][i])
    elif "bytes" in inputs:
        text = bytes(inputs["bytes"][i][: int(inputs["byte_count"][i])]).decode(errors="replace")
    else:
        text = " ".join(str(n) for n in inputs["tokens"][i][: int(inputs["lengths"][i])])
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
