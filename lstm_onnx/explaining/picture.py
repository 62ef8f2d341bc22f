"""Draws an explanation: bars of the parts, a map of columns over steps, patches over a picture, gates over steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.explaining.explain import Explanation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FOR, _AGAINST, _MOST = "#4477aa", "#ee6677", 16


def explanation_figure(found: Explanation) -> Figure:
    """Draw a panel for each kind of parts, one for the map, and one for each LSTM whose gates are there."""
    from matplotlib.figure import Figure

    mapped = found.map is not None and len(found.columns) > 1
    heights = [_height(found, kind) for kind in found.shares]
    heights += [1.2 + 0.22 * len(found.columns)] * mapped + [2.6] * len(found.gates)
    figure = Figure(figsize=(8, 0.7 + sum(heights)), layout="constrained")
    figure.suptitle(f"{found.question}, example {found.example}\n", fontsize=11)
    axes = figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)[:, 0]
    for ax, kind in zip(axes, found.shares, strict=False):
        _panel(ax, found, kind)
    if mapped:
        _map(axes[len(found.shares)], found)
    for ax, gates in zip(axes[len(found.shares) + mapped :], found.gates, strict=True):
        steps = np.arange(len(gates.input))
        for name, colour in (("input", "#4477aa"), ("forget", "#228833"), ("output", "#ccbb44")):
            opened = getattr(gates, name)
            ax.plot(steps, opened.mean(axis=1), label=f"{name} gate", color=colour)
            ax.fill_between(steps, *np.quantile(opened, [0.25, 0.75], axis=1), color=colour, alpha=0.15, linewidth=0)
        ax.set_title(f"gates of {gates.name}: mean of the units, and the middle half", fontsize=10)
        ax.set(ylim=(0, 1), xlabel="step")
        ax.legend(frameon=False, ncols=3)
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def _height(found: Explanation, kind: str) -> float:
    return 4.0 if kind == "patch" else 2.6 if kind == "step" else 1.0 + 0.24 * min(len(found.parts[kind]), _MOST)


def _panel(ax: Axes, found: Explanation, kind: str) -> None:
    shares, labels = found.shares[kind], found.parts[kind]
    told = f"{shares.value:.3g} with all, {shares.hidden:.3g} with none"
    if kind == "patch":
        _patches(ax, found)
    elif kind == "step":
        places = np.arange(len(labels))
        ax.bar(places, shares.shapley, color=_colours(shares.shapley), width=0.9)
        every = max(1, len(labels) // 8)
        ax.set_xticks(places[::every], [labels[i].partition(" ")[0] for i in places[::every]])
        ax.set_xlabel("steps")
        ax.axhline(0, color="#999999", linewidth=0.8)
        ax.spines[["top", "right"]].set_visible(False)
    else:
        order = np.argsort(-np.abs(shares.shapley), kind="stable")[:_MOST][::-1]
        ax.barh(np.arange(len(order)), shares.shapley[order], color=_colours(shares.shapley[order]))
        ax.set_yticks(np.arange(len(order)), [_short(labels[i]) for i in order])
        ax.axvline(0, color="#999999", linewidth=0.8)
        ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(f"what each {kind} adds ({told})", fontsize=10)


def _colours(values: Any) -> list[str]:
    return [_FOR if v >= 0 else _AGAINST for v in values]


def _short(label: str) -> str:
    return label if len(label) <= 40 else f"{label[:39]}…"


def _patches(ax: Axes, found: Explanation) -> None:
    values = found.shares["patch"].shapley
    picture = next(a[0] for a in found.arrays.values() if a.ndim == 4)
    rows = len({label.split(", ")[0] for label in found.parts["patch"]})
    height, width = picture.shape[:2]
    most = np.abs(values).max() or 1
    ax.imshow(picture, extent=(0, width, height, 0))
    shown = ax.imshow(
        values.reshape(rows, -1), extent=(0, width, height, 0), cmap="RdBu", vmin=-most, vmax=most, alpha=0.55
    )
    ax.figure.colorbar(shown, ax=ax, label="adds")
    ax.set_axis_off()


def _map(ax: Axes, found: Explanation) -> None:
    assert found.map is not None
    most = np.abs(found.map).max() or 1
    shown = ax.imshow(found.map, aspect="auto", cmap="RdBu", vmin=-most, vmax=most, interpolation="nearest")
    ax.set_yticks(np.arange(len(found.columns)), [_short(c) for c in found.columns])
    labels = found.parts["step"]
    every = max(1, len(labels) // 8)
    ax.set_xticks(np.arange(len(labels))[::every], [label.partition(" ")[0] for label in labels[::every]])
    ax.set_title("how far the answer falls when one column is hidden in some steps", fontsize=10)
    ax.set_xlabel("steps")
    ax.figure.colorbar(shown, ax=ax)
