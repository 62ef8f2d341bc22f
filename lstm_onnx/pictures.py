"""Pictures for people: the loss curves of a run, and whatever its task draws of its answers."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_onnx.describe import describe
from lstm_onnx.files import write_atomically
from lstm_onnx.plugins import AnyTask
from lstm_onnx.run import Run
from lstm_onnx.task import Array, Arrays, GraphSpec, Split, Totals

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lstm_onnx.benching import Figures

SHOWN = 256
"""Examples handed to a task's `plots` after training."""


def draw_run(
    run: Run, task: AnyTask, graph: GraphSpec, answer: Callable[[Arrays], dict[str, Array]], test: Split, totals: Totals
) -> list[Path]:
    """Write loss curves and the task's own pictures of test examples and scores into the run's folder of plots."""
    figures = {"loss": loss_figure(run.history(), task.headline.name, run.record.best_epoch)}
    batch = next(test.batches(SHOWN))
    inputs = {t.name: batch[t.name] for t in graph.inputs}
    contract = describe(run.record, graph, run.record.name)
    figures |= task.plots(contract, inputs, answer(batch), batch)
    figures |= task.charts(contract, totals)
    return [save_figure(figure, run.plots / f"{name}.png") for name, figure in figures.items()]


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure in the format that the file name asks for (png, svg, pdf)."""
    image = io.BytesIO()
    figure.savefig(image, format=path.suffix.lstrip(".") or "png", dpi=130)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, image.getvalue())
    return path


def loss_figure(history: list[dict[str, float]], headline: str, best_epoch: int) -> Figure:
    """Draw training and validation loss by epoch, and the headline metric below."""
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
        axes[1].plot(epochs, [row[headline] for row in history], label=f"validation {headline}", color="#228833")
        axes[1].set_ylabel(headline)
        for ax in axes:
            ax.axvline(best_epoch, color="#999999", linewidth=1, linestyle=":", label=f"best: epoch {best_epoch}")
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False)
    axes[-1].set_xlabel("epoch")
    axes[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def latency_figure(figures: Sequence[Figures], names: Mapping[Path, str]) -> Figure:
    """Draw the median latency over the batch (or over the length, if only that varies), up to the 95th percentile."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    by_length = len({f.cell.batch for f in figures}) == 1 and len({f.cell.length for f in figures}) > 1
    lines: dict[tuple[str, int], list[Figures]] = {}
    for f in figures:
        other = "" if by_length or len({g.cell.length for g in figures}) == 1 else f", length {f.cell.length}"
        lines.setdefault((names[f.cell.file] + other, f.cell.threads), []).append(f)
    whats, counts = (list(dict.fromkeys(key[k] for key in lines)) for k in (0, 1))
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for (what, threads), found in lines.items():
        found.sort(key=lambda f: f.cell.length if by_length else f.cell.batch)
        x = [f.cell.length if by_length else f.cell.batch for f in found]
        axes.errorbar(
            x,
            [f.median for f in found],
            yerr=([0.0] * len(found), [f.p95 - f.median for f in found]),
            marker="o",
            markersize=4,
            elinewidth=0.8,
            capsize=3,
            color=f"C{whats.index(what) % 10}",
            linestyle=("-", "--", ":", "-.")[counts.index(threads) % 4],
            label=f"{what}, {threads} thread{'s' if threads > 1 else ''}",
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    ticks = sorted({f.cell.length if by_length else f.cell.batch for f in figures})
    axes.set_xticks(ticks, [f"{t:,}" for t in ticks])
    axes.set_xlabel("length (steps of a sequence)" if by_length else "batch (examples in a call)")
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high > 10 * low else (1, 1.5, 2, 3, 4, 5, 7)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}" if y >= 10 else f"{y:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("latency of a call (µs)")
    axes.set_title("Median; bars reach up to the 95th percentile", loc="left", fontsize=10)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(fontsize=8, frameon=False, loc="outside lower center", ncols=2)
    return figure
