"""Pictures of a search: how the best came about, what mattered, and what the front of two aims looks like."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lstm_onnx.tuning.study import finished

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna import Study
    from optuna.trial import FrozenTrial

_BLUE, _RED, _GREY = "#4477aa", "#ee6677", "#999999"


def importances(study: Study) -> dict[str, float]:
    """Return how much of what set good trials apart each option explains (PED-ANOVA, Watanabe et al. 2023).

    Empty where too few trials are complete to tell.
    """
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = get_param_importances(
                study, evaluator=PedAnovaImportanceEvaluator(), target=lambda trial: trial.values[0]
            )
        except (ValueError, RuntimeError):  # a single trial, or all of them equal
            return {}
    return {name: value for name, value in found.items() if np.isfinite(value)}


def importance_figure(found: Mapping[str, float]) -> Figure:
    """Draw a bar for each option."""
    from matplotlib.figure import Figure

    names = sorted(found, key=lambda n: found[n])
    figure = Figure(figsize=(6.5, 0.8 + 0.32 * len(names)), layout="constrained")
    axes = figure.subplots()
    axes.barh([n.replace("_", "-") for n in names], [found[n] for n in names], color=_BLUE)
    axes.set_xlabel("share of what sets good trials apart")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def search_figure(trials: Sequence[FrozenTrial], metric: str, mode: str) -> Figure:
    """Draw every trial's score, the best so far, and the curves of all trials over epochs."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    done = finished(trials)
    left.scatter([t.number for t in done], [t.values[0] for t in done], s=18, color=_BLUE, label="trial")
    if done:
        best = (np.minimum if mode == "min" else np.maximum).accumulate([t.values[0] for t in done])
        left.step([t.number for t in done], best, where="post", color=_RED, label="best so far")
        left.axhline(done[0].values[0], color=_GREY, linewidth=1, linestyle=":", label="the recipe")
        left.legend(frameon=False, fontsize=8)
    left.set(xlabel="trial", ylabel=f"validation {metric}")
    for t in trials:
        steps = sorted(t.intermediate_values)
        values = [t.intermediate_values[s] for s in steps]
        right.plot(steps, values, linewidth=1, color=_GREY if t not in done else _BLUE, alpha=0.6)
    right.set(xlabel="epoch (grey: stopped early)", ylabel=f"validation {metric}")
    for ax in (left, right):
        ax.spines[["top", "right"]].set_visible(False)
    return figure


def front_figure(trials: Sequence[FrozenTrial], best: Sequence[FrozenTrial], metric: str, second: str) -> Figure:
    """Draw both aims of every trial, and the front of those that no other beats in both."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4.4), layout="constrained")
    axes = figure.subplots()
    done = finished(trials)
    axes.scatter([t.values[1] for t in done], [t.values[0] for t in done], s=20, color=_GREY, label="trial")
    front = sorted(best, key=lambda t: t.values[1])
    axes.plot(
        [t.values[1] for t in front], [t.values[0] for t in front], marker="o", color=_RED, label="no other beats both"
    )
    for t in front:
        axes.annotate(str(t.number), (t.values[1], t.values[0]), textcoords="offset points", xytext=(5, 5), fontsize=8)
    axes.set(xlabel=f"{second} ({'kB' if second == 'size' else 'µs'})", ylabel=f"validation {metric}")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
