"""What the terminal shows: tables, progress, and the last lines that say what was written and what to run next."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from lstm_onnx.contract import Axis, Contract, Scores
from lstm_onnx.progress import PLAIN_EVERY

if TYPE_CHECKING:
    import polars as pl
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from lstm_onnx.benchmarking.benchmark import Figures, Footprint
    from lstm_onnx.cli.plugin_list import Plugin
    from lstm_onnx.compatibility.examine import Finding
    from lstm_onnx.embedding.target import EmbedTarget
    from lstm_onnx.task import TaskData
    from lstm_onnx.training.run_folder import Run
    from lstm_onnx.verification.report import Report

ENOUGH_FOR_P99 = 100
"""Calls from which on a 99th percentile is more than the slowest call."""


def number(value: float) -> str:
    """Four significant digits, never in the style of 1e+03 for everyday sizes."""
    if not math.isfinite(value):
        return "-"
    digits = 4 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:.{digits}f}" if 1e-4 <= abs(value) < 1e7 or value == 0 else f"{value:.3e}"


def scores_table(scores: Scores, title: str) -> RichTable:
    """The model beside its baselines, a metric a row; the primary metric comes first and is bold."""
    table = RichTable(title=title, title_justify="left")
    table.add_column("metric")
    for name in ("model", *scores.baselines):
        table.add_column(name, justify="right")
    for metric in sorted(scores.model, key=lambda m: m != scores.primary):
        row = [number(s.get(metric, math.nan)) for s in (scores.model, *scores.baselines.values())]
        table.add_row(metric, *row, style="bold" if metric == scores.primary else None)
    return table


def frame_table(frame: pl.DataFrame, limit: int = 24) -> RichTable:
    """The first rows of a table of answers."""
    table = RichTable()
    for name, kind in frame.schema.items():
        table.add_column(escape(name), justify="right" if kind.is_numeric() else "left", no_wrap=kind.is_temporal())
    for row in frame.head(limit).iter_rows():
        table.add_row(*map(_cell, row))
    if frame.height > limit:
        table.caption = f"{limit} of {frame.height:,} rows; --out FILE writes them all"
    return table


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime) and not value.second:
        return value.isoformat(" ", "minutes")
    return "-" if value is None else escape(str(value))


def checks_table(report: Report) -> RichTable:
    """The checks of a verification, a row each."""
    table = RichTable()
    table.add_column("check", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("found", overflow="fold")
    for check in report.checks:
        mark = "[green]ok[/]" if check.error is None else "[red]FAILED[/]"
        if check.detail.startswith("not "):
            mark = "[yellow]-[/]"  # not asked, not checked: nothing was proved
        table.add_row(escape(check.name), mark, escape(check.detail))
    return table


def plugins_table(plugins: Sequence[Plugin]) -> RichTable:
    """The installed plugins, broken ones with the reason."""
    table = RichTable()
    for column in ("name", "package", "version", "hooks", "what it does"):
        table.add_column(column, overflow="fold")
    for p in plugins:
        last = escape(p.summary) if p.problem is None else f"[red]broken:[/] {escape(p.problem)}"
        table.add_row(p.name, p.package, p.version, ", ".join(p.hooks), last)
    return table


def embed_table(targets: Sequence[EmbedTarget]) -> RichTable:
    """What `embed` can write for, and what that takes."""
    table = RichTable()
    for column in ("target", "what is written", "needs"):
        table.add_column(column, overflow="fold")
    for t in targets:
        table.add_row(t.name, escape(t.title), escape(t.needs))
    return table


def contract_tables(contract: Contract) -> list[RichTable]:
    """Inputs, outputs and axes of a file, as three tables."""
    tables = []
    for title, tensors in (("inputs", contract.inputs), ("outputs", contract.outputs)):
        table = RichTable(title=title, title_justify="left")
        for column in ("name", "type", "shape", "unit", "meaning"):
            table.add_column(column, overflow="fold")
        for t in tensors:
            table.add_row(t.name, t.dtype, f"({', '.join(t.dims)})", escape(t.unit or ""), escape(t.meaning))
        tables.append(table)
    axes = RichTable(title="axes", title_justify="left")
    for column in ("name", "size", "meaning"):
        axes.add_column(column, overflow="fold")
    for name, axis in contract.axes.items():
        axes.add_row(name, _size(axis), escape(axis.meaning))
    return [*tables, axes]


def _size(axis: Axis) -> str:
    if axis.size is not None:
        return f"{axis.size}: {', '.join(map(escape, axis.labels))}" if axis.labels else str(axis.size)
    bounds = f"{axis.min} or more" if axis.max is None else f"{axis.min} to {axis.max}"
    return bounds + (f", {axis.example_size} in training" if axis.example_size else "")


def say(console: Console, lines: Mapping[str, Any]) -> None:
    """Print `label  value` lines, aligned."""
    width = max(map(len, lines), default=0)
    for label, value in lines.items():
        console.print(f"[dim]{label:<{width}}[/]  {escape(str(value))}", highlight=False, soft_wrap=True)


def targets_table(found: Mapping[str, Sequence[Finding]], whats: Mapping[str, str]) -> RichTable:
    """What each target makes of a file, with reasons, advice and sources."""
    table = RichTable()
    table.add_column("target", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("why, and what to do", overflow="fold")
    for name, findings in found.items():
        if not findings:
            table.add_row(name, "[green]runs[/]", f"[dim]{escape(whats[name])}[/]")
        alike: dict[tuple[str, str], list[Finding]] = {}
        for finding in findings:
            alike.setdefault((finding.rule, finding.found), []).append(finding)
        for finding, *others in alike.values():
            mark = "[red]no[/]" if finding.severity == "stops" else f"[yellow]{finding.severity}[/]"
            where = finding.where + (f" and {len(others)} more" if others else "")
            text = f"{where}: {finding.found}: {finding.why}; {finding.advice}"
            table.add_row(name, mark, f"{escape(text)} [dim]({escape(finding.source)})[/]")
    return table


def latency_table(figures: Sequence[Figures], names: Mapping[Path, str]) -> RichTable:
    """Latencies, a row for each cell; the fastest of each size is bold."""
    providers = ", ".join(dict.fromkeys(f.cell.provider for f in figures))
    lengths = {f.cell.length for f in figures}
    common = f", length {max(lengths):,}" if len(lengths) == 1 and max(lengths) else ""
    table = RichTable(title=f"latency of a call on {providers}{common}, µs", title_justify="left")
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
        row = (escape(names[cell.file]), *sizes, *times, f"{f.throughput:,.0f}")
        table.add_row(*row, style="bold" if fastest else None)
    return table


def footprint_table(footprints: Sequence[Footprint], names: Mapping[Path, str]) -> RichTable:
    """What each file takes besides time, from the start of a process of its own."""
    table = RichTable(title="in a process of its own, from its start to the first answer", title_justify="left")
    table.add_column("file", overflow="fold", min_width=12)
    for name in ("size", "ready", "opening", "1st call", "memory", "grown"):
        table.add_column(name, justify="right")
    for f in footprints:
        milliseconds = (f"{t * 1e3:,.1f} ms" for t in (f.opening, f.answered - f.ready))
        times = (f"{f.ready:.2f} s", *milliseconds)
        memory = (f"{b / 2**20:,.1f} MB" if f.peak else "-" for b in (f.peak, f.grown))
        table.add_row(escape(names[f.file]), f"{f.size / 1024:,.0f} kB", *times, *memory)
    return table


class TrainingView:
    """Shows training as it goes: a live bar on a terminal, plain lines elsewhere, JSON lines if asked."""

    def __init__(self, console: Console, metric: str, as_json: bool = False) -> None:
        self.console, self.metric, self.as_json = console, metric, as_json
        self.bar: Bar | None = None
        self.bar_task: TaskID | None = None
        self.epochs = self.batches = 0
        self.began = self.last_line = time.monotonic()  # of this epoch; of the last line that was printed
        self.loss = math.nan  # a moving average
        self.status = ""

    def started(self, run: Run, data: TaskData[Any], batches: int) -> None:
        """Say what was read, and set up the bar."""
        settings = run.record.training
        self.epochs, self.batches = settings.epochs, batches
        self.began = self.last_line = time.monotonic()
        if self.as_json:
            self._emit(event="start", run=str(run.folder), data=data.summary, notes=list(data.notes))
            return
        validation = len(data.validation) if data.validation is not None else 0
        origin = "" if run.record.source else f" (no --data given: the set that '{run.record.task}' brings)"
        say(
            self.console,
            {
                "data": data.summary + origin,
                **({"repaired": "\n          ".join(data.notes)} if data.notes else {}),
                "examples": f"{len(data.train):,} to train, {validation:,} to validate, {len(data.test):,} to test",
                "model": f"{run.record.parameters:,} parameters, {settings.threads} CPU thread(s)",
            },
        )
        if self.console.is_terminal:
            self._start_bar()

    def _start_bar(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(),
            console=self.console,
            transient=True,
        )
        self.bar_task = self.bar.add_task("training", total=self.epochs * self.batches, status="")
        self.bar.start()

    def stepped(self, epoch: int, batch: int, loss: float) -> None:
        """Move the bar."""
        self.loss = loss if math.isnan(self.loss) else 0.98 * self.loss + 0.02 * loss
        done = (epoch - 1) * self.batches + batch
        if self.bar is not None and self.bar_task is not None:
            self.bar.update(
                self.bar_task,
                completed=done,
                description=f"epoch {epoch}/{self.epochs}",
                status=f"loss {self.loss:.4f}{self.status}",
            )
        elif not self.as_json and time.monotonic() - self.last_line > PLAIN_EVERY:
            self.last_line = time.monotonic()
            self.console.print(f"epoch {epoch}/{self.epochs} step {batch}/{self.batches} loss {self.loss:.4f}")

    def epoch_ended(self, row: Mapping[str, float], is_best: bool) -> None:
        """Print the epoch's line."""
        epoch = int(row["epoch"])
        if self.as_json:
            self._emit(event="epoch", best=is_best, **row)
            return
        seconds = max(1e-9, time.monotonic() - self.began)
        self.began = time.monotonic()
        parts = [f"epoch {epoch:>3}/{self.epochs}", f"loss {row['train_loss']:.4f}"]
        if "validation_loss" in row:
            reached = f"{self.metric} {number(row[self.metric])}"
            parts += [f"validation {row['validation_loss']:.4f}", reached]
            self.status = f" · validation {reached}"
        parts.append(f"{self.batches / seconds:.0f} steps/s")
        if epoch < self.epochs:
            parts.append(f"≤ {(self.epochs - epoch) * seconds:.0f} s left")
        self.last_line = time.monotonic()
        line = "  ".join(parts) + ("  [green]best[/]" if is_best else "")
        self.console.print(line, highlight=False, soft_wrap=True)
        if epoch == self.epochs:
            self.close()

    def close(self) -> None:
        """Remove the bar."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None

    def _emit(self, **fields: Any) -> None:
        finite = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in fields.items()}
        print(json.dumps(finite), flush=True)
