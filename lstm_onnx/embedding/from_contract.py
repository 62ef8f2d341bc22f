"""From a contract to what templates see: what fills each input, and what kind of text the program reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lstm_onnx.column_reading import LEFT_OUT
from lstm_onnx.contract import (
    CellSource,
    ColumnsSource,
    Contract,
    ImageSource,
    LengthsSource,
    StaticSource,
    Table,
    TensorSpec,
    TextSource,
    TimeSource,
)
from lstm_onnx.embedding.identifiers import program, snake, unique, verb
from lstm_onnx.embedding.project import Column, Dim, Labels, Mode, Port, Project, SourceKind
from lstm_onnx.inference.output_layout import free_axes, output_layout, rows_axis
from lstm_onnx.inference.table_inputs import target_columns


def project_of(contract: Contract, size: int, version: str, fingerprint: str = "") -> Project:
    """Return what templates see of a model of `size` bytes, whose SHA-256 is `fingerprint`."""
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
        fingerprint=fingerprint,
        labels=_label_arrays(contract, ids, dims),
    )


def _label_arrays(contract: Contract, ids: dict[str, str], dims: dict[str, Dim]) -> tuple[Labels, ...]:
    """Classes and the like: what whole numbers stand for, and what the places of an axis are called."""
    found = [
        Labels(f"{ids[t.name]}_labels", t.labels, f"numbers of {t.name}", t.name) for t in contract.outputs if t.labels
    ]
    taken = {labels.id for labels in found}
    for axis in dict.fromkeys(d for t in contract.outputs for d in t.dims):
        name = f"{axis}_labels" if f"{snake(axis)}_labels" not in taken else f"{axis}_axis_labels"
        if names := dims[axis].labels:
            found.append(Labels(name, names, f"places of the axis {axis}", None))
    return tuple(replace(one, id=name) for one, name in zip(found, unique(one.id for one in found), strict=True))


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
    if isinstance(source, ColumnsSource) and tensor.dtype == "string":
        return "other"  # programs read numbers alone from the columns of a table
    if isinstance(source, ColumnsSource):
        return "future" if source.rows == "future" else "rows"
    if isinstance(source, StaticSource):
        return "static"
    if isinstance(source, LengthsSource):
        return "lengths"
    if isinstance(source, ImageSource):
        return "image" if tensor.dtype == "uint8" and len(tensor.dims) == 4 else "other"
    if isinstance(source, CellSource) or tensor.default is not None:
        return "other"  # no program reads a table with a row for each example, and options are not in tables
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


def has_plain_columns(contract: Contract) -> bool:
    """Whether the columns that the inputs come from are plain numbers, written as every program reads them."""
    table = contract.table or Table()
    readings = table.columns or ()
    whole = table.window is None and not table.steps  # a row of the table is a step, and the table a sequence
    return whole and all(r.is_plain for r in readings if r.role != LEFT_OUT)


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
    if contract.table is not None and contract.table.encoding is not None:  # programs read UTF-8 alone
        return "library"
    if sources & {"text", "bytes"}:
        if contract.stream is not None:  # a line is a whole text, not the next piece of one
            return "library"
        return "texts" if sources <= {"text", "bytes", "lengths"} else "library"
    if not has_plain_columns(contract):  # programs read plain numbers alone, and would take `1.234,5` for another
        return "library"
    timed = any(isinstance(t.source, TimeSource) for t in contract.inputs)
    looks_back = any(isinstance(t.source, ColumnsSource) and t.source.rows != "all" for t in contract.inputs)
    table = contract.table
    if timed and (table is None or table.step is None):
        return "library"
    if table is not None and (timed or looks_back) and not _reads_clock(table):
        return "library"  # a program knows ISO 8601 and an even step alone, and never reads times otherwise
    return "window" if timed or looks_back else "sequence"


def _reads_clock(table: Table) -> bool:
    """Whether programs read the times of a table as `predict` does."""
    even = table.step is None or (table.step.unit is None and table.step.sessions is None)
    return even and (table.clock is None or table.clock.plain)
