"""Turns a contract into what templates see: identifiers, sizes, and where each input comes from in a person's text.

This is all that a target needs to know, and it knows no task.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from lstm_onnx.contract import (
    ColumnsSource,
    Contract,
    DType,
    ImageSource,
    LengthsSource,
    StaticSource,
    Table,
    TensorSpec,
    TextSource,
    TimeSource,
)
from lstm_onnx.embedding.identifiers import program, unique, verb
from lstm_onnx.inference.output_layout import OutputLayout, free_axes, output_layout, rows_axis
from lstm_onnx.inference.table_inputs import target_columns

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
class Project:
    """A model as templates see it.

    Attributes:
        name: the model's, from the contract.
        id: a safe identifier made from it.
        verb: the function's name, from the task: forecasting gives `forecast`.
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
    def dtypes(self) -> tuple[str, ...]:
        """Types of all ports, each once."""
        return tuple(dict.fromkeys(p.dtype for p in (*self.inputs, *self.outputs)))


def project_of(contract: Contract, size: int, version: str) -> Project:
    """Return what templates see of a model of `size` bytes."""
    ids = _identifiers(contract)
    dims = _dims(contract, ids)
    counted = {name: dims[name] for t in contract.inputs for name in t.dims}
    past = rows_axis(contract)
    columns, owners = _columns(contract, past)
    place = {c.name: i for i, c in enumerate(columns)}
    states = {t: n for n, s in enumerate(contract.states) for t in (s.input, s.output)}

    def port(tensor: TensorSpec, position: int, is_input: bool) -> Port:
        source = _source_kind(contract, tensor, past) if is_input else "other"
        return Port(
            name=tensor.name,
            id=ids[tensor.name],
            dtype=tensor.dtype,
            dims=tuple(dims[d] for d in tensor.dims),
            meaning=tensor.meaning,
            unit=tensor.unit,
            missing=tensor.missing,
            labels=tensor.labels or (),
            source="state" if tensor.name in states else source,
            places=tuple(place[c] for c in owners.get(tensor.name, ())) if is_input else (),
            reset=next((s.reset for s in contract.states if s.input == tensor.name), 0.0),
            state=states.get(tensor.name, -1),
            counts=counted.get(tensor.source.axis) if isinstance(tensor.source, LengthsSource) else None,
            shortest=tensor.source.min if isinstance(tensor.source, LengthsSource) else 0,
            position=position,
        )

    inputs = tuple(port(t, i, True) for i, t in enumerate(contract.inputs))
    outputs = tuple(port(t, i, False) for i, t in enumerate(contract.outputs))
    by_name = {p.name: p for p in (*inputs, *outputs)}
    table = contract.table or Table()
    free = dict.fromkeys(d for p in inputs for d in p.dims if d.size is None)
    future = next((p for p in inputs if p.source == "future"), None)
    mode = _mode(contract, inputs)
    return Project(
        name=contract.name,
        id=program(contract.name),
        verb=verb(contract.verb or contract.task, program(contract.name)),
        task=contract.task,
        variant=contract.variant,
        description=contract.description,
        contract=contract,
        size=size,
        inputs=inputs,
        outputs=outputs,
        states=tuple((by_name[s.input], by_name[s.output]) for s in contract.states),
        free=tuple(free),
        mode=mode,
        streaming=contract.stream is not None,
        context=contract.stream.context if contract.stream else 1,
        rows=dims[past] if past and mode in ("window", "sequence") else None,
        ahead=future.dims[-2] if future and future.dims[-2].size is None else None,
        shortest=next((t.source.min for t in contract.inputs if isinstance(t.source, LengthsSource)), 0),
        columns=tuple(columns),
        time=table.time if any(p.source.startswith("time") for p in inputs) or mode == "window" else None,
        step_seconds=table.step.seconds if table.step else 0,
        step_months=table.step.months if table.step else 0,
        answer=output_layout(contract),
        rtol=contract.tolerance.rtol,
        atol=contract.tolerance.atol,
        version=version,
    )


def _identifiers(contract: Contract) -> dict[str, str]:
    """One identifier for each tensor name; inputs and outputs are told apart too."""
    names = [t.name for t in (*contract.inputs, *contract.outputs)]
    fields = ("_shape", "_count", "_labels", "_label", "_places", "_in", "_out")  # that programs put beside them
    return dict(zip(names, unique(names, [program(contract.name)], fields), strict=True))


def _dims(contract: Contract, ids: dict[str, str]) -> dict[str, Dim]:
    params = unique((f"{name}_size" for name in contract.axes), taken=ids.values())
    return {
        name: Dim(name, param, axis.size, axis.min, axis.max, axis.example_size, axis.labels or (), axis.meaning)
        for (name, axis), param in zip(contract.axes.items(), params, strict=True)
    }


def _source_kind(contract: Contract, tensor: TensorSpec, rows: str | None) -> SourceKind:
    source = tensor.source
    if isinstance(source, TimeSource):
        return "time" if source.rows == "past" else "time_future"
    if isinstance(source, ColumnsSource):
        return "future" if source.rows == "future" else "rows"
    if isinstance(source, StaticSource):
        return "static"
    if isinstance(source, LengthsSource):
        return "lengths"
    if isinstance(source, ImageSource):
        return "image" if tensor.dtype == "uint8" and len(tensor.dims) == 4 else "other"
    if isinstance(source, TextSource):
        if tensor.dtype == "string":
            return "text"
        return "bytes" if tensor.dtype == "uint8" else "other"  # numbers of words come from a program, not from a line
    if tensor.dtype in ("string", "uint8", "bool") or not tensor.dims:
        return "other"
    free = free_axes(contract, tensor)
    if free == [rows] and tensor.dims[1] == rows:
        return "rows"
    return "other" if free else "static"


def _columns(contract: Contract, rows: str | None) -> tuple[list[Column], dict[str, tuple[str, ...]]]:
    """Return the columns that are read, and which of them fill each input."""
    owners: dict[str, tuple[str, ...]] = {}
    bare = [
        t
        for t in contract.external_inputs
        if t.source is None and _source_kind(contract, t, rows) in ("rows", "static")
    ]
    for t in contract.external_inputs:
        if isinstance(t.source, ColumnsSource | StaticSource):
            owners[t.name] = t.source.columns
        elif t in bare:
            fixed = [contract.axes[d] for d in t.dims[1:] if contract.axes[d].size is not None]
            owners[t.name] = _labels(t.name, [a.labels or tuple(map(str, range(a.size or 1))) for a in fixed], bare)
    missing = {t.name: t.missing for t in contract.inputs}
    targets = target_columns(contract)
    names = dict.fromkeys(c for found in owners.values() for c in found)
    columns = [Column(c, all(missing[t] for t, found in owners.items() if c in found), c in targets) for c in names]
    return columns, owners


def _labels(name: str, axes: Sequence[tuple[str, ...]], bare: Sequence[TensorSpec]) -> tuple[str, ...]:
    """Name the columns of an input that says nothing of a table: by its labels, and its own name where it has none."""
    labels: tuple[str, ...] = ("",)
    for axis in axes:
        labels = tuple(f"{label} {a}".strip() for label in labels for a in axis)
    numbers = all(part.isdigit() for label in labels for part in label.split())
    if len(labels) == 1 and numbers:
        return (name,)
    return tuple(f"{name} {label}".strip() for label in labels) if numbers or len(bare) > 1 else labels


def _mode(contract: Contract, inputs: tuple[Port, ...]) -> Mode:
    given = [p for p in inputs if p.source != "state"]
    sources = {p.source for p in given}
    if sources == {"image"} and len(given) == 1:
        return "picture"
    if (
        "image" in sources
        or not given
        or "other" in sources
        or any(len([d for d in p.dims if d.size is None]) > 2 for p in given)
    ):
        return "library"
    if sources & {"text", "bytes"}:
        if contract.stream is not None:  # a line is a whole text, not the next piece of one
            return "library"
        return "texts" if sources <= {"text", "bytes", "lengths"} else "library"
    timed = any(isinstance(t.source, TimeSource) for t in contract.inputs)
    if timed and (contract.table is None or contract.table.step is None):
        return "library"
    looks_back = any(isinstance(t.source, ColumnsSource) and t.source.rows != "all" for t in contract.inputs)
    return "window" if timed or looks_back else "sequence"
