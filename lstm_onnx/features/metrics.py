"""Metrics for any task: each adds up over batches, and ends as one figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.task import Arrays

if TYPE_CHECKING:
    from lstm_onnx.features.number import Number


def _ratio(total: Any, count: Any) -> float:
    return float(total / count) if count else float("nan")


@dataclass(frozen=True)
class Sum:
    """What a metric adds up to over batches, and how that becomes its figure.

    What comes from another process has forgotten the latter, and can be added to one that has not.
    """

    total: Any
    finish: Callable[[Any, Any], float] | None

    def __add__(self, other: Any) -> Sum:
        """Add another of its like, or the 0 that adding up begins with."""
        return Sum(self.total + other.total, self.finish) if isinstance(other, Sum) else self

    __radd__ = __add__

    def __reduce__(self) -> tuple[type[Sum], tuple[Any, None]]:
        """Leave out a function, which may be one that nothing can find by a name."""
        return Sum, (self.total, None)


@dataclass(frozen=True)
class Metric:
    """How answers are scored.

    Attributes:
        name: of the figure.
        mode: whether it shall be small or large.
        add: from the outputs of the graph and the whole batch to a pair (sum, count), which is added up over batches.
        finish: makes the figure of what the pairs add up to: by default the sum over the count.
    """

    name: str
    mode: Literal["min", "max"]
    add: Callable[[Arrays, Arrays], tuple[Any, Any]]
    finish: Callable[[Any, Any], float] = _ratio


def mse(output: str, name: str = "mse") -> Metric:
    """Mean of the squared errors of a number, in squares of its unit."""
    return Metric(name, "min", lambda answers, batch: _squares(answers, batch, output))


def rmse(output: str, name: str = "rmse") -> Metric:
    """Root of the mean of the squared errors of a number, in its unit."""
    return Metric(
        name,
        "min",
        lambda answers, batch: _squares(answers, batch, output),
        lambda total, count: float(np.sqrt(total / count)) if count else float("nan"),
    )


def mae(output: str, name: str = "mae") -> Metric:
    """Mean of the absolute errors of a number, in its unit."""

    def add(answers: Arrays, batch: Arrays) -> tuple[float, int]:
        wrong = np.abs(_errors(answers, batch, output))
        return float(wrong.sum()), wrong.size

    return Metric(name, "min", add)


def coverage(output: str, name: str = "coverage") -> Metric:
    """Percent of the truths that lie in the interval of a number; nothing where the answer has none."""

    def add(answers: Arrays, batch: Arrays) -> tuple[float, int]:
        if f"{output}_low" not in answers:
            return 0.0, 0
        inside = (answers[f"{output}_low"] <= batch[output]) & (batch[output] <= answers[f"{output}_high"])
        return 100.0 * float(inside.sum()), inside.size

    return Metric(name, "max", add)


def scaled_rmse(outputs: Sequence[Number], name: str = "rmse") -> Metric:
    """Root of the mean of the squared errors of several numbers, each in spreads (standard deviations) of its own."""

    def add(answers: Arrays, batch: Arrays) -> tuple[float, int]:
        wrong = [np.square(_errors(answers, batch, f.name) / (f.spread or 1.0)) for f in outputs]
        return float(sum(w.sum() for w in wrong)), sum(w.size for w in wrong)

    return Metric(name, "min", add, lambda total, count: float(np.sqrt(total / count)) if count else float("nan"))


def r2(output: str, name: str = "r2") -> Metric:
    """Share of the variance of a number that is explained: 1 is perfect, 0 as good as its mean."""

    def add(answers: Arrays, batch: Arrays) -> tuple[Array, int]:
        truth = np.asarray(batch[output], dtype=np.float64)
        left = np.square(_errors(answers, batch, output)).sum()
        return np.array([left, truth.sum(), np.square(truth).sum()]), truth.size

    def finish(total: Array, count: int) -> float:
        left, truth, squares = total
        variance = squares - truth**2 / count if count else 0.0
        return float(1 - left / variance) if variance > 0 else float("nan")

    return Metric(name, "max", add, finish)


def accuracy(
    output: str,
    name: str = "accuracy",
    scores: str | None = None,
    decided: Callable[[Array], Array] = lambda probabilities: probabilities.argmax(axis=1),
) -> Metric:
    """Share of examples whose label is the right one.

    Args:
        output: the category.
        name: of the figure.
        scores: name of the probabilities, where they have one of their own.
        decided: numbers of the labels that probabilities (example, label) are answered with, where no number is.
    """

    def add(answers: Arrays, batch: Arrays) -> tuple[int, int]:
        number = batch[f"{output}_number"]
        said = answers.get(f"{output}_number")
        said = decided(answers[scores or f"{output}_probabilities"]) if said is None else said
        return int((said == number).sum()), len(number)

    return Metric(name, "max", add)


def step_accuracy(output: str, name: str = "accuracy") -> Metric:
    """Share of steps whose label is the right one; padding does not count."""

    def add(answers: Arrays, batch: Arrays) -> tuple[int, int]:
        number = batch[f"{output}_number"]
        counts = number >= 0
        likeliest = answers[f"{output}_probabilities"].argmax(axis=2)
        return int(((likeliest == number) & counts).sum()), int(counts.sum())

    return Metric(name, "max", add)


def step_rmse(output: str, name: str = "rmse") -> Metric:
    """Root of the mean of the squared errors of a number at each step, in its unit; unknown ones do not count."""

    def add(answers: Arrays, batch: Arrays) -> tuple[float, int]:
        wrong = _step_errors(answers, batch, output)
        return float(np.square(wrong).sum()), wrong.size

    return Metric(name, "min", add, lambda total, count: float(np.sqrt(total / count)) if count else float("nan"))


def step_mae(output: str, name: str = "mae") -> Metric:
    """Mean of the absolute errors of a number at each step, in its unit; what is not known does not count."""

    def add(answers: Arrays, batch: Arrays) -> tuple[float, int]:
        wrong = _step_errors(answers, batch, output)
        return float(np.abs(wrong).sum()), wrong.size

    return Metric(name, "min", add)


def step_whole_accuracy(output: str, name: str = "accuracy") -> Metric:
    """Share of steps whose whole number is the right one; what is not known does not count."""

    def add(answers: Arrays, batch: Arrays) -> tuple[int, int]:
        known = batch[output] >= 0
        return int((answers[output] == batch[output])[known].sum()), int(known.sum())

    return Metric(name, "max", add)


def span_f1(output: str, labels: Sequence[str], name: str = "span_f1") -> Metric:
    """F1 of whole spans: one is found if its kind, its first and its last step are right.

    Args:
        output: whose steps are labelled `B-X` where a span of the kind X begins, `I-X` within it, and `O` outside.
        labels: what the numbers of labels stand for.
        name: of the figure.
    """

    def add(answers: Arrays, batch: Arrays) -> tuple[Array, int]:
        number = batch[f"{output}_number"]
        likeliest = answers[f"{output}_probabilities"].argmax(axis=2)
        found = np.zeros(3)
        for right, said in zip(number, likeliest, strict=True):
            count = int((right >= 0).sum())
            there = spans([labels[k] for k in right[:count]])
            told = spans([labels[k] for k in said[:count]])
            found += (len(there & told), len(there), len(told))
        return found, len(number)

    def finish(total: Array, count: int) -> float:
        hit, there, told = total
        return float(2 * hit / (there + told)) if there + told else float("nan")

    return Metric(name, "max", add, finish)


def spans(labels: Sequence[str]) -> set[tuple[str, int, int]]:
    """Return the spans (kind, first step, step after the last) of labels `B-X`, `I-X` and `O`.

    As the CoNLL evaluation reads them: an `I-X` that follows no X begins a span.
    """
    found: set[tuple[str, int, int]] = set()
    kind, begin = "", 0
    for step, label in enumerate([*labels, "O"]):
        place, _, now = label.partition("-")
        if kind and (place != "I" or now != kind):
            found.add((kind, begin, step))
            kind = ""
        if now and not kind:
            kind, begin = now, step
    return found


def _errors(answers: Arrays, batch: Arrays, output: str) -> Array:
    return np.asarray(answers[output], dtype=np.float64) - np.asarray(batch[output], dtype=np.float64)


def _step_errors(answers: Arrays, batch: Arrays, output: str) -> Array:
    wrong = _errors(answers, batch, output)
    return np.asarray(wrong[np.isfinite(wrong)])


def _squares(answers: Arrays, batch: Arrays, output: str) -> tuple[float, int]:
    wrong = np.square(_errors(answers, batch, output))
    return float(wrong.sum()), wrong.size


def exact(output: str, name: str = "exact") -> Metric:
    """Share of sentences that are one of the right ones."""

    def add(answers: Arrays, batch: Arrays) -> tuple[int, int]:
        pairs = _sentences(answers, batch, output)
        return sum(said in right for said, right in pairs), len(pairs)

    return Metric(name, "max", add)


def wer(output: str, name: str = "wer") -> Metric:
    """Errors of words: those to be put in, left out or replaced, over those of the right sentences; 0 at best.

    Of several right sentences the nearest counts.
    """
    return _error_rate(output, name, str.split)


def cer(output: str, name: str = "cer") -> Metric:
    """Errors of characters, as `wer`."""
    return _error_rate(output, name, list)


def _error_rate(output: str, name: str, pieces: Callable[[str], list[str]]) -> Metric:
    def add(answers: Arrays, batch: Arrays) -> tuple[int, int]:
        errors = total = 0
        for said, right in _sentences(answers, batch, output):
            found = [(edit_distance(pieces(said), pieces(text)), len(pieces(text))) for text in right]
            least, length = min(found)
            errors, total = errors + least, total + length
        return errors, total

    return Metric(name, "min", add)


def edit_distance(a: Sequence[str], b: Sequence[str]) -> int:
    """Return the fewest pieces to put in, leave out or replace that make `b` of `a` (Levenshtein 1966)."""
    row = list(range(len(b) + 1))
    for i, mine in enumerate(a, start=1):
        before, row = row, [i]
        for j, theirs in enumerate(b, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (mine != theirs)))
    return row[-1]


def _sentences(answers: Arrays, batch: Arrays, output: str) -> list[tuple[str, list[str]]]:
    """Return what was said of each example, and the right sentences."""
    return [(str(said), str(right).split("\n")) for said, right in zip(answers[output], batch[output], strict=True)]
