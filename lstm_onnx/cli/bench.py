"""`lstm-onnx bench`: measure files on this machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from lstm_onnx.benchmarking.options import BenchmarkOptions
from lstm_onnx.cli.console import Result, Shown, encode
from lstm_onnx.cli.tables import check_picture
from lstm_onnx.progress import counting

if TYPE_CHECKING:
    from lstm_onnx.benchmarking.benchmark import Figures, Footprint

ENOUGH_FOR_P99 = 100
"""Calls from which on a 99th percentile is more than the slowest call."""


@dataclass(frozen=True)
class Measured(Result):
    """Figures of files.

    Attributes:
        files: which, the first one first.
        figures: of every combination.
        footprints: of every file.
        picture: that was drawn.
        answer_line: the command that answers with the first file; None where it has no contract.
    """

    files: Sequence[Path]
    figures: list[Figures]
    footprints: list[Footprint]
    picture: Path | None
    answer_line: str | None

    def to_json(self) -> Iterable[str]:
        """Return all figures, the best number of threads for each file, and the machine."""
        from lstm_onnx.benchmarking.benchmark import best_threads, machine

        cells = [asdict(f) | {"throughput": f.throughput} for f in self.figures]
        picks = {str(file): count for file, (count, _) in best_threads(self.figures).items()}
        files = [asdict(f) for f in self.footprints]
        yield encode({"cells": cells, "files": files, "best_threads": picks, "machine": machine()})

    def to_text(self) -> Iterable[Shown]:
        """Return two tables, which number of threads is best here, and what disturbed."""
        from lstm_onnx.benchmarking.benchmark import SAME, best_threads, disturbed, labels, machine

        best, names = best_threads(self.figures), labels(self.files)
        threads = sorted({f.cell.threads for f in self.figures})
        yield latency_table(self.figures, names)
        yield footprint_table(self.footprints, names)
        lines: dict[str, Any] = {}
        if len(threads) > 1:
            for file, (count, gain) in best.items():
                same = f"no difference beyond {SAME:.0%} between {', '.join(map(str, threads))}"
                found = same if count is None else f"{count} is best, {gain:.2f} times as fast as the slowest"
                lines[f"threads, {names[file]}"] = found
        lines["machine"] = ", ".join(f"{name} {value}" for name, value in machine().items())
        if (taken := disturbed(self.figures)) > SAME:
            lines["noise"] = (
                f"other programs took up to {taken:.0%} of the time: measure again when the machine is quiet"
            )
        if any(f.calls < ENOUGH_FOR_P99 for f in self.figures):
            lines["p99"] = f"left out for fewer than {ENOUGH_FOR_P99} calls; raise --seconds to see it"
        if self.picture is not None:
            lines["picture"] = self.picture
        if self.answer_line is None:
            lines["inputs"] = "made up, without a contract: free axes that come first are the batch, others the length"
        else:
            lines["next"] = f"{self.answer_line} --threads {best[self.files[0]][0] or threads[0]}"
        yield lines


def latency_table(figures: Sequence[Figures], names: Mapping[Path, str]) -> Table:
    """Latencies, a row for each cell; the fastest of each size is bold."""
    providers = ", ".join(dict.fromkeys(f.cell.provider for f in figures))
    lengths = {f.cell.length for f in figures}
    common = f", length {max(lengths):,}" if len(lengths) == 1 and max(lengths) else ""
    table = Table(title=f"latency of a call on {providers}{common}, µs", title_justify="left")
    table.add_column("file", overflow="fold", min_width=12)
    for name in ("batch", *(["length"] if len(lengths) > 1 else []), "threads", "median", "p95", "p99", "examples/s"):
        table.add_column(name, justify="right", no_wrap=True)
    for f in figures:
        cell = f.cell
        same = [g for g in figures if (g.cell.batch, g.cell.length) == (cell.batch, cell.length)]
        fastest = len(same) > 1 and f.median == min(g.median for g in same)
        counts = (cell.batch, *([cell.length] if len(lengths) > 1 else []), cell.threads)
        sizes = (f"{n:,}" if n else "-" for n in counts)
        shown = (f.median, f.p95, f.p99 if f.calls >= ENOUGH_FOR_P99 else math.nan)
        times = ("-" if math.isnan(t) else f"{t:,.0f}" if t >= 100 else f"{t:.1f}" for t in shown)
        row = (names[cell.file], *sizes, *times, f"{f.throughput:,.0f}")
        table.add_row(*row, style="bold" if fastest else None)
    return table


def footprint_table(footprints: Sequence[Footprint], names: Mapping[Path, str]) -> Table:
    """What each file takes besides time, from the start of a process of its own."""
    table = Table(title="in a process of its own, from its start to the first answer", title_justify="left")
    table.add_column("file", overflow="fold", min_width=12)
    for name in ("size", "ready", "opening", "1st call", "memory", "grown"):
        table.add_column(name, justify="right")
    for f in footprints:
        milliseconds = (f"{t * 1e3:,.1f} ms" for t in (f.opening, f.answered - f.ready))
        times = (f"{f.ready:.2f} s", *milliseconds)
        memory = (f"{b / 2**20:,.1f} MB" if f.peak else "-" for b in (f.peak, f.grown))
        table.add_row(names[f.file], f"{f.size / 1024:,.0f} kB", *times, *memory)
    return table


def bench(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="exported .onnx files; variants are files")],
    plot: Annotated[Path | None, typer.Option(help="draw latency against size to this .png, .svg or .pdf")] = None,
    *,
    options: BenchmarkOptions,
) -> Measured:
    """Measure files; 1 thread and all cores if no number of threads is given."""
    from lstm_onnx.benchmarking.benchmark import benchmark, footprint, labels
    from lstm_onnx.cli.tables import predict_line
    from lstm_onnx.inference.model import load

    check_picture("plot", plot)
    with counting("measuring") as update:
        figures = benchmark(files, update, options=options)
    footprints = [footprint(f, options.provider) for f in dict.fromkeys(files)]
    if plot is not None:
        from lstm_onnx.benchmarking.plots import latency_figure
        from lstm_onnx.training.plots import save_figure

        save_figure(latency_figure(figures, labels(files)), plot)
    contract = load(files[0]).contract
    line = predict_line(files[0], contract) if contract is not None else None
    return Measured(files, figures, footprints, plot, line)
