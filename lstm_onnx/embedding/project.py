"""A model as templates see it: identifiers, sizes, and where each input comes from in a person's text.

This is all that a target needs to know, and it knows no task. `lstm_onnx.embedding.from_contract` finds it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite, prod
from typing import Literal

from lstm_onnx.contract import Contract, DType
from lstm_onnx.inference.output_layout import OutputLayout

Mode = Literal["window", "sequence", "texts", "picture", "library"]
SourceKind = Literal[
    "rows", "future", "time", "time_future", "static", "lengths", "text", "bytes", "image", "state", "other"
]


@dataclass(frozen=True)
class Dim:
    """One axis of a port; `size` is None where it is free, and `param` then names its size in programs."""

    name: str
    param: str
    size: int | None
    min: int
    max: int | None
    example_size: int | None
    labels: tuple[str, ...]
    meaning: str


@dataclass(frozen=True)
class Port:
    """One input or output.

    Attributes:
        name: as the graph knows it.
        id: a safe identifier in snake case.
        dtype: float32, float64, float16, int64, int32, uint8, bool or string.
        dims: its axes, outermost first.
        meaning: one line.
        unit: of its values, or None.
        missing: whether NaN may come in.
        labels: what each whole number in it stands for; empty if that is not said.
        source: where an input comes from; of an output, "state" or "other".
        places: columns of `Project.columns` that fill the last axis (sources rows, future and static).
        reset: value of a state before the first call.
        state: of a state, its number in `Project.states`; -1 of others.
        counts: of lengths, the axis along which they count; None of others, and where no input has it.
        shortest: of lengths, the smallest.
        position: its place among the graph's inputs, or outputs.
    """

    name: str
    id: str
    dtype: DType
    dims: tuple[Dim, ...]
    meaning: str
    unit: str | None
    missing: bool
    labels: tuple[str, ...]
    source: SourceKind
    places: tuple[int, ...]
    reset: float
    state: int
    counts: Dim | None
    shortest: int
    position: int

    @property
    def shape(self) -> str:
        """The axes for a comment: `(batch, time, target = 1)`."""
        return "(" + ", ".join(d.name if d.size is None else f"{d.name} = {d.size}" for d in self.dims) + ")"

    @property
    def width(self) -> int:
        """How many values it has in one row: the product of its fixed axes."""
        return prod(d.size or 1 for d in self.dims)

    @property
    def detail(self) -> str:
        """Meaning, unit and labels for a comment."""
        parts = [self.meaning, f"in {self.unit}" if self.unit else ""]
        parts += [f"{d.name}: {', '.join(d.labels[:8])}{', …' * (len(d.labels) > 8)}" for d in self.dims if d.labels]
        parts += [", ".join(f"{i} {label}" for i, label in enumerate(self.labels[:8]))]
        return "; ".join(p for p in parts if p)


@dataclass(frozen=True)
class Column:
    """A column of the table that a person gives: whether it is needed in every row, and may be empty."""

    name: str
    missing: bool
    target: bool
    """Whether its newest known value is where the forecast begins."""


@dataclass(frozen=True)
class Labels:
    """Names in the order of their numbers.

    Attributes:
        id: what programs call the array.
        names: the names.
        of: what they are the names of, in words.
        output: of the output whose numbers they name; None of an axis.
    """

    id: str
    names: tuple[str, ...]
    of: str
    output: str | None


@dataclass(frozen=True)
class Project:
    """A model as templates see it.

    Attributes:
        name: the model's, from the contract.
        id: a safe identifier made from it.
        verb: the function's name: what the task says, or what `identifiers.verb` makes of its name.
        task, variant, description: from the contract.
        contract: all of it.
        size: bytes of the model.
        inputs, outputs: all ports, in the graph's order.
        given: inputs that the function takes: all but states.
        answers: outputs that the function gives: all but states.
        states: pairs (input, output).
        free: free axes, each once; the function takes their sizes.
        mode: what text the program reads: "window" a table whose newest rows are looked at, "sequence" a table of which
            each row is a step, "texts" a text a line, "picture" pictures, "library" nothing (it has the self-test and
            the function alone).
        streaming: whether it keeps states, and answers each row.
        context: rows after which a stream's answers are as good as in training.
        rows: the axis that runs over rows of the table; None in modes texts, picture and library.
        ahead: the free axis of rows after the forecast begins, if there is one.
        shortest: the smallest length of a sequence or text.
        columns: what is read of each row, each once.
        time: the column of times, if any.
        step_seconds, step_months: how far rows lie apart; both 0 where that is not said.
        answer: how an answer is laid out as CSV.
        rtol, atol: the tolerance.
        version: of lstm-onnx.
        fingerprint: SHA-256 of the model, in hexadecimal digits.
        labels: what outputs' numbers and the places of their axes are called.
        settings: what was chosen of the program, by the target's names for it; what was not chosen is not there.
        remarks: what a target found out of the model that a person must know.
    """

    name: str
    id: str
    verb: str
    task: str
    variant: str
    description: str
    contract: Contract
    size: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    states: tuple[tuple[Port, Port], ...]
    free: tuple[Dim, ...]
    mode: Mode
    streaming: bool
    context: int
    rows: Dim | None
    ahead: Dim | None
    shortest: int
    columns: tuple[Column, ...]
    time: str | None
    step_seconds: int
    step_months: int
    answer: OutputLayout
    rtol: float
    atol: float
    version: str
    fingerprint: str
    labels: tuple[Labels, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    @property
    def given(self) -> tuple[Port, ...]:
        """Inputs that are no states."""
        return tuple(p for p in self.inputs if p.source != "state")

    @property
    def answers(self) -> tuple[Port, ...]:
        """Outputs that are no states."""
        return tuple(p for p in self.outputs if p.source != "state")

    @property
    def axes(self) -> tuple[Dim, ...]:
        """Axes of inputs, states among them, each once."""
        return tuple(dict.fromkeys(d for p in self.inputs for d in p.dims))

    @property
    def printed(self) -> tuple[Port, ...]:
        """Outputs that stand in the table of the answer."""
        used = {cell.output for cell in self.answer.cells}
        return tuple(p for p in self.answers if p.position in used)

    @property
    def example_file(self) -> str:
        """Name of the example input that is written beside the program."""
        return {"texts": "example.txt", "picture": "example.ppm"}.get(self.mode, "example.csv")

    @property
    def scores(self) -> tuple[tuple[str, float], ...]:
        """Metrics of the test split, the primary one first."""
        found = self.contract.scores
        if found is None:
            return ()
        finite = [(name, value) for name, value in found.model.items() if isfinite(value)]
        return tuple(sorted(finite, key=lambda pair: pair[0] != found.primary))

    def labels_of(self, port: Port) -> str:
        """What programs call the array that names the numbers of an output."""
        return next(labels.id for labels in self.labels if labels.output == port.name)

    @property
    def example_sizes(self) -> dict[str, int]:
        """Length of each free axis in the first golden example, by its name."""
        inputs = self.contract.examples[0].inputs
        return {d.name: inputs[p.name].shape[k] for p in self.inputs for k, d in enumerate(p.dims) if d.size is None}

    @property
    def stream_axes(self) -> tuple[Dim, ...]:
        """Free axes of the states, each once."""
        return tuple(dict.fromkeys(d for before, _ in self.states for d in before.dims if d.size is None))

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Types of all ports, each once."""
        return tuple(dict.fromkeys(p.dtype for p in (*self.inputs, *self.outputs)))
