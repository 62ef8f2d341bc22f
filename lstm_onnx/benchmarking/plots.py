"""Draws latencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lstm_onnx.benchmarking.benchmark import Figures


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
