"""Pictures of forecasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import Contract, Step
from lstm_onnx.data.frequency import moment_text
from lstm_onnx.task import NAMES, Arrays

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = 6
LONGEST = 40
"""Letters of a name that a title has room for."""
PAST, AHEAD, TRUTH = "#666666", "#4477aa", "#222222"


def forecast_figure(contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None) -> Figure:
    """Draw up to six examples: the recent past, the forecast with its outer interval, and what happened if known.

    Args:
        contract: names of the targets and levels of the quantiles.
        inputs: of the graph; `values` and `time` are drawn, and titles name the series, where these have names.
        outputs: of the graph.
        truth: the batch with `actual`, if it is known what happened.
    """
    from matplotlib.figure import Figure

    shown = _chosen(inputs["values"].shape[0], inputs["values"].shape[2])
    columns = 1 if len(shown) == 1 else 2
    rows = -(-len(shown) // columns)
    size = (9, 3.8) if columns == 1 else (12, 1 + 2.6 * rows)
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel, (example, target) in zip(panels, shown, strict=False):
        _draw(panel, contract, inputs, outputs, truth, example, target)
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def _chosen(examples: int, targets: int) -> list[tuple[int, int]]:
    """Examples spread evenly over the batch, each with all of its targets, as long as there is room."""
    count = max(1, min(examples, PANELS // targets))
    picked = np.unique(np.linspace(0, examples - 1, count).round().astype(int))
    return [(int(e), t) for e in picked for t in range(targets)][:PANELS]


def _draw(
    panel: Axes, contract: Contract, inputs: Arrays, outputs: Arrays, truth: Arrays | None, example: int, target: int
) -> None:
    horizon = outputs["forecast"].shape[1]
    past: Any = slice(-max(3 * horizon, 24), None)  # enough to see the pattern, not so much that the forecast shrinks
    step = contract.table.step if contract.table is not None else None
    before = _dates(inputs["time"][example, past], step)
    known = inputs["values"][example, past, target]
    ahead = _dates(outputs["forecast_time"][example], step)
    panel.plot(before, known, color=PAST, linewidth=1.2, label="known")
    if "quantiles" in outputs:
        levels = contract.axes["quantile"].labels or ()
        low, high = (outputs["quantiles"][example, :, target, k] for k in (0, -1))
        label = f"{levels[0]} to {levels[-1]}"
        panel.fill_between(ahead, low, high, color=AHEAD, alpha=0.2, linewidth=0, label=label)
    if truth is not None:
        joined = np.concatenate([known[-1:], truth["actual"][example, :, target]])
        panel.plot(np.concatenate([before[-1:], ahead]), joined, color=TRUTH, linewidth=1.2, label="what happened")
    marker = "o" if horizon == 1 else None
    forecast = outputs["forecast"][example, :, target]
    panel.plot(ahead, forecast, color=AHEAD, linewidth=2, marker=marker, label="forecast")
    panel.axvline(before[-1], color=PAST, linewidth=0.8, linestyle=":")
    series = str(inputs[NAMES][example]) if NAMES in inputs else ""
    names = (series, (contract.axes["target"].labels or ("",))[target])
    begin = moment_text(int(outputs["forecast_time"][example, 0]), step)
    panel.set_title(", ".join([*(_short(name) for name in names if name), f"from {begin}"]), fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)
    if step is not None and step.counted:
        return
    locator = _locator()
    panel.xaxis.set_major_locator(locator[0])
    panel.xaxis.set_major_formatter(locator[1])


def _short(name: str) -> str:
    cut = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return cut.replace("$", r"\$")  # else matplotlib reads formulas between them


def _dates(times: Any, step: Step | None) -> Any:
    """Return times as dates, but where rows are counted."""
    if step is not None and step.counted:
        return np.asarray(times)
    unit = (step.unit if step is not None else None) or "s"
    return np.asarray(times, dtype=f"datetime64[{unit}]")


def _locator() -> tuple[Any, Any]:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)
    return locator, ConciseDateFormatter(locator)
