"""Lets a model and its naive baselines answer all examples once, and keeps what a report needs of that."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lstm_onnx.contract import Array, TimeSource
from lstm_onnx.evaluation.answer_table import AnswerTable
from lstm_onnx.evaluation.judged import Judged
from lstm_onnx.reporting.intervals import BLOCKS, Sureness, added, blocks_of, sureness
from lstm_onnx.task import Answer, Arrays, Totals
from lstm_onnx.training.plots import named
from lstm_onnx.training.scoring import BATCH, batches

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MODEL = "model"
LOOKED_AT = 2_000
"""Examples that are scored one by one, to find the worst, at most."""


@dataclass(frozen=True)
class Bad:
    """An example that was answered badly: its number and name, its scores, its batch of one, and the answer."""

    number: int
    name: str
    score: float
    tie: float
    batch: Arrays
    outputs: Arrays


@dataclass(frozen=True)
class Answered:
    """What came of asking the model and its baselines.

    Attributes:
        sureness: scores with intervals.
        figures: the task's pictures of usual answers and of added-up scores, by name.
        tables: the task's tables of scores.
        worst: the examples that were answered worst, the worst first.
        worst_figures: the task's pictures of them.
        worst_table: their answers beside what really was; None where a task has no such table.
        looked_at: among how many they are the worst.
    """

    sureness: Sureness
    figures: Mapping[str, Figure]
    tables: Mapping[str, pl.DataFrame]
    worst: Sequence[Bad]
    worst_figures: Mapping[str, Figure]
    worst_table: pl.DataFrame | None
    looked_at: int


def ask(model: Judged, worst: int, progress: Callable[[int, int], None]) -> Answered:
    """Answer every example, by the model and by each baseline.

    Args:
        model: with its examples.
        worst: how many of the worst to keep.
        progress: told how many of how many passes over the examples are done.
    """
    task, subject = model.task, model.subject
    passes = 1 + len(subject.naive)
    bad = _Worst(model, worst)
    answered = {MODEL: _totals(model, model.answer, bad.look)}
    progress(1, passes)
    for done, (name, naive) in enumerate(subject.naive.items(), start=2):
        answered[name] = _totals(model, naive, lambda batch, outputs: None)
        progress(done, passes)
    whole = added(answered[MODEL])
    batch = next(batches(subject.split))
    inputs = named(_inputs(model, batch), model.subject.names)
    usual = task.plots(model.contract, inputs, model.answer(batch), batch)
    return Answered(
        sureness(task, answered),
        {**usual, **task.charts(model.contract, whole)},
        task.tables(model.contract, whole),
        bad.found,
        bad.figures(),
        bad.table(),
        bad.seen,
    )


def _totals(model: Judged, answer: Answer, seen: Callable[[Arrays, Arrays], None]) -> list[Totals]:
    size = min(BATCH, math.ceil(len(model.subject.split) / BLOCKS))
    parts = []
    for batch in model.subject.split.batches(size):
        outputs = answer(batch)
        seen(batch, outputs)
        parts.append(model.task.totals(outputs, batch, model.config, model.subject.info))
    return blocks_of(parts)


def _inputs(model: Judged, batch: Arrays) -> dict[str, Array]:
    return {t.name: batch[t.name] for t in model.contract.external_inputs}


class _Worst:
    """Scores examples one by one, and keeps the worst of them."""

    def __init__(self, model: Judged, count: int) -> None:
        self.model, self.count = model, count
        self.seen = 0
        self.found: list[Bad] = []
        timed = any(isinstance(t.source, TimeSource) for t in model.contract.inputs)
        examples = min(LOOKED_AT, len(model.subject.split))
        # windows of a series overlap: the same hour is not shown six times
        self.apart = max(1, examples // (4 * count)) if timed and count else 1

    def look(self, batch: Arrays, outputs: Arrays) -> None:
        """Look at each example of a batch."""
        model, primary = self.model, self.model.task.primary_metric
        size = len(next(iter(outputs.values())))
        for i in range(size if self.count else 0):
            if self.seen == LOOKED_AT:
                return
            one, out = _row(batch, i, size), _row(outputs, i, size)
            scores = model.task.finish(model.task.totals(out, one, model.config, model.subject.info))
            names = model.subject.names
            name = names[self.seen] if self.seen < len(names) and names[self.seen] else f"example {self.seen + 1}"
            tie = scores.get(primary.fallback or "", math.nan)
            bad = Bad(self.seen, _public(name), scores.get(primary.name, math.nan), tie, one, out)
            if not math.isnan(bad.score):
                self.found.append(bad)
            self.seen += 1
        sign = 1 if primary.mode == "max" else -1
        worst: list[Bad] = []
        for bad in sorted(self.found, key=lambda b: (sign * b.score, -b.tie if b.tie == b.tie else 0.0)):
            if len(worst) < self.count and all(abs(bad.number - other.number) >= self.apart for other in worst):
                worst.append(bad)
        self.found = worst

    def figures(self) -> Mapping[str, Figure]:
        """Let the task draw the worst."""
        if not self.found:
            return {}
        batch = joined([b.batch for b in self.found])
        outputs = joined([b.outputs for b in self.found])
        inputs: Arrays = _inputs(self.model, batch)
        if any(self.model.subject.names[:1]):
            inputs = named(inputs, [b.name for b in self.found])
        return self.model.task.plots(self.model.contract, inputs, outputs, batch)

    def table(self) -> pl.DataFrame | None:
        """Lay out the worst answers, where each is one row and the task says what really was."""
        table = AnswerTable(self.model.contract, [b.name for b in self.found])
        for bad in self.found:
            truth = self.model.task.truth(bad.batch, self.model.config, self.model.subject.info)
            if not truth:
                return None
            table.add(bad.batch, bad.outputs, truth)
        frame = table.frame()
        return frame if 0 < frame.height == len(self.found) else None


def _public(name: str) -> str:
    """Leave out of a name where on the machine its file is: a page is sent to others."""
    return re.sub(r"^(?:/|[A-Za-z]:[/\\])[^:]*[/\\]", "", name)


def _row(arrays: Arrays, i: int, size: int) -> dict[str, Array]:
    """Return one example as a batch; what is not of examples, such as an option, stays whole."""
    return {n: a[i : i + 1] if np.shape(a)[:1] == (size,) else a for n, a in arrays.items()}


def joined(batches: Sequence[Arrays]) -> dict[str, Array]:
    """Lay batches of one end to end, each padded to the longest with zeros or empty strings, as splits pad."""
    found: dict[str, Array] = {}
    for name, first in batches[0].items():
        arrays: list[Array] = [np.asarray(b[name]) for b in batches]
        if first.ndim == 0 or any(a.ndim != first.ndim or len(a) != 1 for a in arrays):
            found[name] = first
            continue
        shape = (len(arrays), *np.max([a.shape[1:] for a in arrays], axis=0).astype(int).tolist())
        empty: Any = "" if first.dtype.kind in "OSU" else 0
        whole = np.full(shape, empty, dtype=object if empty == "" else first.dtype)
        for k, a in enumerate(arrays):
            place: tuple[int | slice, ...] = (k, *(slice(0, n) for n in a.shape[1:]))
            whole[place] = a[0]
        found[name] = whole
    return found
