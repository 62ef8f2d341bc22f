"""Plots for people: the loss curves of a run, and whatever its task draws of its answers."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.data.atomic_files import make_folder, write_atomically
from lstm_onnx.task import NAMES, AnyTask, Arrays, GraphSpec, TaskData, Totals
from lstm_onnx.training.run_contract import describe
from lstm_onnx.training.run_folder import Run
from lstm_onnx.training.scoring import batches

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def named(inputs: Arrays, names: Sequence[str]) -> Arrays:
    """Put beside the inputs of a graph what their examples, the first of all that have names, are called."""
    first = list(names[: len(next(iter(inputs.values())))])
    return {**inputs, NAMES: np.array(first, dtype=object)} if any(first) else inputs


def draw_run(
    run: Run,
    task: AnyTask,
    graph: GraphSpec,
    answer: Callable[[Arrays], dict[str, Array]],
    data: TaskData[Any],
    totals: Totals,
) -> list[Path]:
    """Write loss curves and the task's own plots of test examples and scores into the run's folder of plots."""
    figures = {"loss": loss_figure(run.history.to_dicts(), task.primary_metric.name, run.record.best_epoch)}
    batch = next(batches(data.test))
    inputs = {t.name: batch[t.name] for t in graph.inputs}
    contract = describe(run.record, graph, run.record.name)
    figures |= task.plots(contract, named(inputs, data.test_names), answer(batch), batch)
    figures |= task.charts(contract, totals)
    return [save_figure(figure, run.plots / f"{name}.png") for name, figure in figures.items()]


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure in the format that the file name asks for (png, svg, pdf)."""
    image = io.BytesIO()
    with warnings.catch_warnings():  # of letters that the font lacks, one each: a box stands there, which says it, too
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(image, format=path.suffix.lstrip(".") or "png", dpi=130)
    make_folder(path.parent)
    write_atomically(path, image.getvalue())
    return path


def loss_figure(history: list[dict[str, float]], metric: str, best_epoch: int) -> Figure:
    """Draw training and validation loss by epoch, and the primary metric below."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = [row["epoch"] for row in history]
    validated = "validation_loss" in history[0]
    figure = Figure(figsize=(7, 5 if validated else 3.2), layout="constrained")
    axes = figure.subplots(2 if validated else 1, 1, sharex=True, squeeze=False)[:, 0]
    axes[0].plot(epochs, [row["train_loss"] for row in history], label="training", color="#4477aa")
    axes[0].set_ylabel("loss")
    if validated:
        axes[0].plot(epochs, [row["validation_loss"] for row in history], label="validation", color="#ee6677")
        axes[1].plot(epochs, [row[metric] for row in history], label=f"validation {metric}", color="#228833")
        axes[1].set_ylabel(metric)
        for ax in axes:
            ax.axvline(best_epoch, color="#999999", linewidth=1, linestyle=":", label=f"best: epoch {best_epoch}")
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    axes[-1].set_xlabel("epoch")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure
