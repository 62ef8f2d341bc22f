"""What a file answers, held against what it should: golden examples, batches, pieces, extremes, PyTorch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from math import prod

import numpy as np

from lstm_onnx.contract import Array, Contract, Example, LengthsSource, TensorSpec, TimeSource, Tolerance
from lstm_onnx.errors import first_line
from lstm_onnx.task import Answer, Arrays, GraphSpec
from lstm_onnx.verification.comparison import compare
from lstm_onnx.verification.report import Report, ShapeMismatch, StateMismatch, ValueMismatch, shape_text

BATCHES = (1, 2, 7, 33)
EXTREMES = {"1e30": 1e30, "-1e30": -1e30, "0": 0.0, "NaN": np.nan, "+inf": np.inf, "-inf": -np.inf}
_MOST_SIZES = 100
"""Combinations of sizes that are all tried: of two axes beside the batch."""
FEWEST_STEPS = 8
UNKNOWN_TEXTS = ("", "\u2603 unseen", "a" * 300)


def check_examples(answer: Answer, contract: Contract, report: Report) -> str:
    """The golden examples, answered at export, are answered the same."""
    for number, example in enumerate(contract.examples, start=1):
        inputs, wanted = decode(example)
        compare(run_or_fail(answer, inputs), wanted, contract.tolerance, f"golden example {number}", report)
    return f"{len(contract.examples)} reproduced"


def check_batches(answer: Answer, contract: Contract, report: Report) -> str:
    """An example's answer does not depend on how many examples stand beside it."""
    batched = [t.dims.index("batch") if "batch" in t.dims else None for t in (*contract.inputs, *contract.outputs)]
    if None in batched:
        return "not checked: not every input and output has an axis called batch"
    if contract.axes["batch"].size is not None:
        return f"not checked: the batch has one size, {contract.axes['batch'].size}"
    at = dict(zip((t.name for t in (*contract.inputs, *contract.outputs)), batched, strict=True))
    for number, example in enumerate(contract.examples, start=1):
        inputs, wanted = decode(example)
        for times in BATCHES:
            many = {name: np.concatenate([a] * times, axis=at[name]) for name, a in inputs.items()}
            answers = {name: np.concatenate([a] * times, axis=at[name]) for name, a in wanted.items()}
            place = f"golden example {number}, repeated {times} times along the batch"
            compare(run_or_fail(answer, many), answers, contract.tolerance, place, report)
    return f"each example repeated {', '.join(map(str, BATCHES))} times"


def check_pieces(answer: Answer, contract: Contract, report: Report) -> str:
    """A sequence in pieces, states going round, is answered as in one piece."""
    assert contract.stream is not None
    axis, ways = contract.stream.axis, 0
    for number, example in enumerate(contract.examples, start=1):
        inputs, _ = decode(example)
        along = {t.name: t.dims.index(axis) for t in contract.inputs if axis in t.dims}
        for name, k in along.items():  # too short a sequence would hide what is lost between pieces
            short = inputs[name].shape[k]
            inputs[name] = np.concatenate([inputs[name]] * -(-FEWEST_STEPS // short), axis=k)
            full = {t.name: inputs[t.name] == short for t in contract.inputs if _counts(t, axis)}
            inputs |= {n: np.where(all_of, inputs[name].shape[k], inputs[n]) for n, all_of in full.items()}
        steps = next(inputs[name].shape[k] for name, k in along.items())
        whole = run_or_fail(answer, inputs)
        for pieces in cuts(steps):
            got = run_in_pieces(answer, contract, inputs, pieces)
            place = f"golden example {number}, {steps} steps in {len(pieces)} pieces of {min(pieces)} to {max(pieces)}"
            try:
                compare(got, whole, contract.tolerance, place, report)
            except ValueMismatch as error:
                pairs = ", ".join(f"{s.output} → {s.input}" for s in contract.states)
                raise StateMismatch(f"{error}; the states are wired {pairs}") from error
            ways += 1
    return f"{ways} ways to cut the golden examples"


def cuts(steps: int) -> list[list[int]]:
    """Several ways to cut a sequence: step by step, by threes, unevenly, and one step apart from the rest."""
    uneven = list(itertools.islice(itertools.cycle((2, 5, 1, 7)), steps))
    ways = [[1] * steps, [3] * (steps // 3) + [steps % 3], [steps - 1, 1], [1, steps - 1], _up_to(uneven, steps)]
    return [[n for n in way if n] for way in ways]


def _up_to(pieces: list[int], steps: int) -> list[int]:
    found: list[int] = []
    for n in pieces:
        found.append(min(n, steps - sum(found)))
    return found


def run_in_pieces(answer: Answer, contract: Contract, inputs: Arrays, pieces: list[int]) -> dict[str, Array]:
    """Run a sequence piece by piece; outputs along the stream's axis are joined, of others the last ones count."""
    assert contract.stream is not None
    axis, state = contract.stream.axis, {s.input: inputs[s.input] for s in contract.states}
    joined: dict[str, list[Array]] = {t.name: [] for t in contract.outputs}
    begin = 0
    for count in pieces:
        piece = {t.name: _part(t, inputs[t.name], axis, begin, count) for t in contract.inputs} | state
        found = run_or_fail(answer, piece)
        state = {s.input: found[s.output] for s in contract.states}
        for name, array in found.items():
            joined[name].append(array)
        begin += count
    places = {t.name: t.dims.index(axis) if axis in t.dims else None for t in contract.outputs}
    return {n: a[-1] if places[n] is None else np.concatenate(a, axis=places[n]) for n, a in joined.items()}


def _part(tensor: TensorSpec, array: Array, axis: str, begin: int, count: int) -> Array:
    if _counts(tensor, axis):  # of several sequences, some end before others
        return np.asarray(np.clip(array - begin, 0, count))
    if axis not in tensor.dims:
        return array
    return np.take(array, range(begin, begin + count), axis=tensor.dims.index(axis))


def _counts(tensor: TensorSpec, axis: str) -> bool:
    """Whether it says how many places of an axis count."""
    return isinstance(tensor.source, LengthsSource) and tensor.source.axis == axis


def check_extremes(answer: Answer, other: Answer, contract: Contract) -> str:
    """Two engines agree on extreme inputs, made from the smallest golden example."""
    apart, count = Report(contract.name), 0  # differences of astronomic sizes say nothing in the user's unit
    inputs, _ = decode(contract.examples[-1])
    for what, strange in extremes(contract.external_inputs, inputs):
        assert_close(answer, other, strange, contract.tolerance, what, apart)
        count += 1
    return f"{count} inputs answered alike"


class DivergenceError(ValueMismatch):
    """A value differs from PyTorch's; remembers for which inputs."""

    def __init__(self, message: str, inputs: Arrays) -> None:
        super().__init__(message)
        self.inputs = inputs


def assert_close(
    answer: Answer, truth: Answer, inputs: Arrays, tolerance: Tolerance | None, place: str, report: Report
) -> None:
    """Compare two answers to the same inputs."""
    try:
        compare(run_or_fail(answer, inputs), truth(inputs), tolerance, place, report)
    except ValueMismatch as error:
        raise DivergenceError(str(error), inputs) from error


def grid(graph: GraphSpec) -> Iterator[dict[str, int]]:
    """Sizes of the free axes: batches of `BATCHES`; others smallest, 2, odd, as in training, and longer.

    All combinations; where these are too many, as of a picture beside a sequence and a text, so many that any two sizes
    of any two axes stand together in one.
    """
    choices: dict[str, list[int]] = {}
    for name, axis in graph.axes.items():
        if axis.size is None:
            usual = axis.example_size or 16
            wanted = BATCHES if name == "batch" else (axis.min, 2, 5, usual, 2 * usual + 1)
            choices[name] = sorted({min(max(s, axis.min, 1), axis.max or s) for s in wanted})
    every = list(choices.values())
    for combination in itertools.product(*every) if prod(map(len, every)) <= _MOST_SIZES else pairwise(every):
        yield dict(zip(choices, combination, strict=True))


def pairwise(choices: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """Yield combinations of one of each, such that any two of two different ones stand together in one.

    An orthogonal array of strength 2 (Bush 1952): of a prime p, row (i, j) has j, i, i + j, i + 2 j, ... modulo p.
    """
    least = max(len(choices) - 1, *map(len, choices))
    p = next(n for n in itertools.count(max(2, least)) if all(n % k for k in range(2, n)))
    for i, j in itertools.product(range(p), repeat=2):
        places = [j, *((i + k * j) % p for k in range(len(choices) - 1))]
        yield tuple(own[place % len(own)] for own, place in zip(choices, places, strict=True))


def ragged(graph: GraphSpec, inputs: Arrays, sizes: Mapping[str, int]) -> Iterator[tuple[str, dict[str, Array]]]:
    """The inputs as sampled and, where there are lengths, with all of them smallest, full, and mixed."""
    yield "", dict(inputs)
    for t in graph.inputs:
        if isinstance(t.source, LengthsSource):
            least, full = t.source.min, sizes[t.source.axis]
            mixed = np.resize([full, least, min(1, full), (full + 1) // 2], inputs[t.name].shape)
            for name, lengths in (("smallest", least), ("full", full), ("mixed", np.maximum(mixed, least))):
                yield f", {t.name} {name}", {**inputs, t.name: np.full_like(inputs[t.name], lengths)}


def extremes(tensors: tuple[TensorSpec, ...], inputs: Arrays) -> Iterator[tuple[str, dict[str, Array]]]:
    """Extreme values: everywhere in one input, and in its first example alone."""
    for t in tensors:
        if isinstance(t.source, TimeSource | LengthsSource) or t.dtype not in (
            "float32",
            "float64",
            "float16",
            "string",
        ):
            continue
        for name, value in EXTREMES.items() if t.dtype != "string" else ((repr(u), u) for u in UNKNOWN_TEXTS):
            if not (t.missing or isinstance(value, str) or np.isfinite(value)):
                continue  # ONNX Runtime's LSTM makes numbers of NaN; `predict` refuses it where it has no meaning
            array = np.array(inputs[t.name])
            array[:1] = value
            yield f"{t.name} {name} in the first example", {**inputs, t.name: array}
            yield f"{t.name} {name} everywhere", {**inputs, t.name: np.full_like(array, value)}


def run_or_fail(answer: Answer, inputs: Arrays) -> dict[str, Array]:
    """Ask for an answer; a refusal is a failure, since PyTorch takes the same inputs."""
    shapes = ", ".join(f"{name} {shape_text(a.shape)}" for name, a in inputs.items())
    try:
        return answer(inputs)
    except Exception as error:
        raise ShapeMismatch(f"does not run on {shapes}: {first_line(error)}") from error


def decode(example: Example) -> tuple[dict[str, Array], dict[str, Array]]:
    """Inputs and outputs of a golden example, as arrays."""
    return (
        {name: values.array() for name, values in example.inputs.items()},
        {name: values.array() for name, values in example.outputs.items()},
    )
