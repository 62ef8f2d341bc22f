"""The sections of a report: what was learnt from, how well it answers, what it costs, what was proved."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstm_onnx.contract import Contract, Scores
from lstm_onnx.display import number, scores_rows, shortened
from lstm_onnx.reporting.answered import MODEL
from lstm_onnx.reporting.intervals import LEVEL, RESAMPLES, Interval, Sureness
from lstm_onnx.reporting.options import ReportOptions
from lstm_onnx.reporting.page import Bar, Bars, Commands, Facts, Grid, Part, Picture, Section, Text, Tile
from lstm_onnx.reporting.pictures import drawn
from lstm_onnx.training.plots import loss_figure

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from lstm_onnx.reporting.report import Subject

ROWS = 60
"""Rows of a table at most: a page is read by people."""


def tiles(subject: Subject) -> list[Tile]:
    """The figures to see at a glance."""
    found: list[Tile] = []
    if subject.answered is not None and subject.model is not None:
        primary = subject.model.task.primary_metric
        found += _score_tiles(subject.answered.sureness, primary.name, primary.mode)
    elif subject.contract.scores is not None:
        scores = subject.contract.scores
        found.append(Tile(scores.primary, number(scores.model[scores.primary]), "as the file says of itself"))
    if subject.files:
        first = subject.files[0]
        found.append(Tile("size", _bytes(first.size), "everything in one file"))
        if first.speed is not None:
            found.append(Tile("latency", f"{_micro(first.speed.median)}", "an example, one thread, median"))
        passed = sum(f.proof.passed for f in subject.files)
        checks = sum(len(f.proof.checks) for f in subject.files)
        told = f"{checks} checks" if passed == len(subject.files) else "see below"
        found.append(Tile("proved", "yes" if passed == len(subject.files) else "NO", told))
    elif subject.run is not None:
        found.append(Tile("weights", f"{subject.run.record.parameters:,}", "numbers that were learnt"))
    return found


def _score_tiles(sure: Sureness, primary: str, mode: str) -> Iterator[Tile]:
    mine = sure.scores[MODEL].get(primary)
    if mine is None:
        return
    yield Tile(primary, number(mine.value), _between(mine))
    others = {who: s[primary] for who, s in sure.scores.items() if who != MODEL and primary in s}
    others = {who: i for who, i in others.items() if math.isfinite(i.value)}
    if others:
        best = max if mode == "max" else min
        hardest = best(others, key=lambda who: others[who].value)
        told = f"better than it in {sure.wins[hardest]:.0%} of resamples"
        yield Tile(f"{hardest}, the strongest simple answer", number(others[hardest].value), told)


def all_of(subject: Subject, path: Path, options: ReportOptions) -> list[Section]:
    """Return all sections; those of which nothing is known are without parts."""
    return [
        Section("scores", "How well it answers", list(_scores(subject))),
        Section("answers", "What it answers", list(_answers(subject))),
        Section("worst", "Where it is worst", list(_worst(subject))),
        Section("data", "The data, as it was understood", list(_data(subject))),
        Section("training", "How it was trained", list(_training(subject))),
        Section("files", "Files, size and speed", list(_files(subject, path))),
        Section("proof", "What was proved", list(_proof(subject))),
        Section("use", "Use it", list(_use(subject, path, options))),
        Section("origin", "Where it comes from", list(_origin(subject))),
    ]


def _primary(subject: Subject) -> str:
    assert subject.model is not None
    return subject.model.task.primary_metric.name


def _scores(subject: Subject) -> Iterator[Part]:
    if subject.answered is None:
        if subject.contract.scores is not None:
            yield Text("Scores on the test part, as training measured them.")
            yield _scores_grid(subject.contract.scores)
        return
    assert subject.model is not None
    sure, primary = subject.answered.sureness, _primary(subject)
    yield Text(f"Scored on {subject.data}, beside simple answers to the same examples.")
    if bars := _bars(sure, primary):
        mode = "more is better" if subject.model.task.primary_metric.mode == "max" else "less is better"
        yield Bars(f"{primary} ({mode})", bars)
    names = list(sure.scores)
    metrics = sorted(sure.scores[MODEL], key=lambda m: m != primary)
    rows = [[m, *(_cell(sure.scores[who].get(m)) for who in names)] for m in metrics]
    yield Grid(["metric", *names], rows, strong=0)
    told = [f"better than {who} in {share:.1%}" for who, share in sure.wins.items()]
    blocks = f"{sure.blocks} blocks of neighbouring examples"
    yield Text(
        f"In brackets: {LEVEL:.0%} intervals, by {RESAMPLES} bootstrap resamples of {blocks}."
        + (f" By {primary}, the model is {', '.join(told)} of them." if told else "")
    )
    for title, table in subject.answered.tables.items():
        yield _frame(table, title)


def _scores_grid(scores: Scores) -> Grid:
    header, rows = scores_rows(scores)
    return Grid(header, rows, strong=0)


def _bars(sure: Sureness, metric: str) -> list[Bar]:
    there = {who: s[metric] for who, s in sure.scores.items() if metric in s and math.isfinite(s[metric].value)}
    edges = [e for i in there.values() for e in (i.low, i.value, i.high) if math.isfinite(e)]
    if len(there) < 2 or not edges:
        return []
    low, high = min(0.0, *edges), max(edges)
    width = (high - low) or 1.0

    def at(value: float, other: float) -> float:
        return ((value if math.isfinite(value) else other) - low) / width

    return [
        Bar(who, number(i.value), at(i.value, 0), at(i.low, i.value), at(i.high, i.value)) for who, i in there.items()
    ]


def _answers(subject: Subject) -> Iterator[Part]:
    for name, figure in (subject.answered.figures if subject.answered is not None else {}).items():
        yield picture(name, figure)


def _worst(subject: Subject) -> Iterator[Part]:
    answered = subject.answered
    if answered is None or not answered.worst:
        return
    primary = _primary(subject)
    yield Text(
        f"Of {answered.looked_at:,} test examples these are the {len(answered.worst)} with the worst {primary}: "
        f"read them before you trust it."
    )
    if answered.worst_table is not None:
        yield _frame(answered.worst_table, "")
    else:
        rows = [[b.name, number(b.score)] for b in answered.worst]
        yield Grid(["example", primary], rows)
    for name, figure in answered.worst_figures.items():
        yield picture(f"worst-{name}", figure)


def _data(subject: Subject) -> Iterator[Part]:
    record = subject.run.record if subject.run is not None else None
    contract = subject.contract
    if record is not None:
        yield Text(record.summary)
    table = contract.table
    columns = (record.understood if record is not None else None) or (table.columns if table is not None else None)
    if columns:
        rows = [[c.column, c.role, c.kind, _written(c), shortened(c.odd or "", 120)] for c in columns[:ROWS]]
        yield Grid(["column", "used as", "kind", "written", "odd"], rows, left=5)
    for title, tensors in (("What goes in", contract.inputs), ("What comes out", contract.outputs)):
        rows = [[t.name, f"{t.dtype} ({', '.join(t.dims)})", t.unit or "", t.meaning] for t in tensors]
        yield Grid(["name", "form", "unit", "meaning"], rows, title, left=4)
    labelled = [(n, a) for n, a in contract.axes.items() if a.labels]
    if labelled:
        yield Facts({n: shortened(", ".join(a.labels or ()), 400) for n, a in labelled})


def _written(reading: Any) -> str:
    marks = {"decimal": reading.decimal, "thousands": reading.thousands, "unit": reading.unit}
    told = [f"{name} {value}" for name, value in marks.items() if value]
    if reading.missing:
        told.append(f"missing {', '.join(reading.missing)}")
    if reading.levels:
        told.append(f"{len(reading.levels):,} words")
    return "; ".join(told)


def _training(subject: Subject) -> Iterator[Part]:
    run = subject.run
    config = subject.contract.provenance.config
    if run is not None:
        record = run.record
        yield Facts(
            {
                "weights": f"{record.parameters:,} numbers",
                "epochs": f"{record.epochs_done}, the best is {record.best_epoch}",
                "time": f"{record.seconds:,.1f} s",
                "seed": str(record.training.seed),
            }
        )
        history = run.history.to_dicts()
        metric = subject.model.task.primary_metric.name if subject.model is not None else ""
        if history and (metric in history[0] or "validation_loss" not in history[0]):
            yield picture("loss", loss_figure(history, metric, record.best_epoch))
    elif subject.files:
        yield Text("The curves of training are in the run: --run RUN shows them here.")
    shown = {name: value for name, value in config.items() if value not in (None, [], {}, "")}
    rows = [[name, shortened(_value(value), 120)] for name, value in shown.items()]
    yield Grid(["option", "value"], rows, "Options", left=2)


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _files(subject: Subject, path: Path) -> Iterator[Part]:
    if not subject.files:
        yield Text("It was not exported yet; this does, and proves the file:")
        yield Commands(f"lstm-onnx export {path}")
        return
    rows = []
    for f in subject.files:
        speed = [_micro(f.speed.median), _micro(f.speed.p95), f"{f.speed.throughput:,.0f}"] if f.speed else ["-"] * 3
        scores = f.contract.scores
        score = number(scores.model.get(scores.primary, math.nan)) if scores is not None else "-"
        rows.append([f.path.name, f.contract.variant, _bytes(f.size), *speed, score, f"{f.contract.opset}"])
    first = subject.files[0].contract.scores
    primary = first.primary if first is not None else "score"
    header = ["file", "variant", "size", "median", "95th percentile", "examples/s", primary, "opset"]
    yield Grid(header, rows, left=2)
    yield Text("Latency of one example in ONNX Runtime with one thread, on the machine that wrote this page.")
    yield Facts({f.path.name: f"SHA-256 {f.digest}" for f in subject.files})


def _proof(subject: Subject) -> Iterator[Part]:
    for f in subject.files:
        against = "PyTorch" if subject.run is not None else "the examples that it carries"
        told = f.proof.told()
        yield Text(f"{f.path.name}, verified for this page against {against}: {told}.")
    if subject.files:
        first = subject.files[0]
        rows = [[c.name, "ok" if c.error is None else "FAILED", c.detail] for c in first.proof.checks]
        yield Grid(["check", "", "found"], rows, first.path.name, left=3)
        if (proof := first.contract.proof) is not None:
            then = {
                "asked when it was exported": ", ".join(f"{n} {v}" for n, v in proof.engines.items()),
                "largest difference then": f"{proof.largest_absolute:.2g}, relative {proof.largest_relative:.2g}",
            }
            yield Facts(then)


def _use(subject: Subject, path: Path, options: ReportOptions) -> Iterator[Part]:
    if not subject.files:
        return
    name = subject.files[0].path.name
    yield Text(
        "The file takes raw values and gives answers in their own units: nothing has to be scaled, encoded or decoded "
        "around it."
    )
    lines = [f"lstm-onnx verify {name}      # is it whole, and right on this machine"]
    lines.append(f"lstm-onnx predict {name} {_example(subject.contract)}")
    lines.append(f"lstm-onnx embed {name} --target web --out page    # a page that answers in a browser, offline")
    yield Commands("\n".join(lines))
    if options.runtime is None:
        yield Text(
            "This page can hold the model itself, and answer in the browser of whoever opens it, offline (about 5 MB): "
            "npm install onnxruntime-web, then lstm-onnx report --runtime node_modules/onnxruntime-web/dist."
        )


def _example(contract: Contract) -> str:
    kinds = {t.source.kind for t in contract.inputs if t.source is not None}
    return "picture.jpg" if kinds == {"image"} else "data.csv" if contract.stream is None else "--stream < data.csv"


def _origin(subject: Subject) -> Iterator[Part]:
    origin = subject.contract.provenance
    facts = {
        "run": origin.run,
        "made": f"{origin.created[:19]} UTC" if origin.created else "",
        "plugin": origin.plugin,
        "data": f"SHA-256 {origin.data}",
        "licence of the data": origin.licence or "",
        "went on from": origin.base or "",
        "versions": ", ".join(f"{name} {version}" for name, version in origin.versions.items()),
    }
    yield Facts({name: value for name, value in facts.items() if value})


def picture(name: str, figure: Figure) -> Picture:
    """Draw a figure for the page."""
    form, content = drawn(figure)
    return Picture(name, form, content, name.replace("_", " ").replace("-", " "))


def _frame(table: pl.DataFrame, title: str) -> Grid:
    shown = table.select(table.columns[:6]).head(ROWS)
    rows = [[number(c) if isinstance(c, float) else shortened(str(c), 160) for c in row] for row in shown.iter_rows()]
    return Grid(shown.columns, rows, title)


def _cell(interval: Interval | None) -> str:
    return "-" if interval is None else f"{number(interval.value)} {_between(interval)}".strip()


def _between(interval: Interval) -> str:
    if not math.isfinite(interval.low):
        return ""
    return f"({number(interval.low)} to {number(interval.high)})"


def _bytes(size: int) -> str:
    return f"{size / 1024:,.0f} kB" if size < 2**20 else f"{size / 2**20:,.1f} MB"


def _micro(value: float) -> str:
    return f"{value:,.0f} µs" if value < 10_000 else f"{value / 1000:,.1f} ms"
