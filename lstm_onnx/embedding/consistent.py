"""Holds the graph of a file, its contract and its golden examples to each other, before anything is made of them.

What contradicts itself within a contract is found when that is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import onnx

from lstm_onnx.contract import Contract, TensorSpec, Values
from lstm_onnx.embedding.golden_file import ELEMENT
from lstm_onnx.errors import UserError


def refuse_inconsistent(model: onnx.ModelProto, contract: Contract, path: Path) -> None:
    """Refuse a file whose parts do not belong together: it is damaged, or was changed by another tool.

    Raises:
        UserError: says the first thing that does not fit.
    """
    for found in (*_graph_faults(model, contract), *_contract_faults(contract), *_example_faults(contract)):
        raise UserError(f"{path}: {found}; export it again")


def _graph_faults(model: onnx.ModelProto, contract: Contract) -> Iterator[str]:
    stored = {t.name for t in model.graph.initializer}
    given = [v for v in model.graph.input if v.name not in stored]
    for kind, values, tensors in (("input", given, contract.inputs), ("output", model.graph.output, contract.outputs)):
        types = {v.name: v.type.tensor_type.elem_type for v in values}
        for t in tensors:
            if types.get(t.name) != ELEMENT[t.dtype]:
                yield f"its graph has no {kind} '{t.name}' of type {t.dtype}, which its contract describes"
        for name in sorted(types.keys() - {t.name for t in tensors}):
            yield f"its graph has an {kind} '{name}', which its contract does not describe"


def _contract_faults(contract: Contract) -> Iterator[str]:
    inputs, outputs = ({t.name for t in tensors} for tensors in (contract.inputs, contract.outputs))
    for state in contract.states:
        if state.input not in inputs or state.output not in outputs:
            yield f"its contract names a state, '{state.input}', that is none of the graph's"
    if contract.stream is not None and contract.stream.axis not in contract.axes:
        yield f"its contract does not describe the axis '{contract.stream.axis}', along which it streams"


def _example_faults(contract: Contract) -> Iterator[str]:
    for number, example in enumerate(contract.examples, start=1):
        for tensors, values in ((contract.inputs, example.inputs), (contract.outputs, example.outputs)):
            yield from (f"golden example {number}: {found}" for found in _value_faults(contract, tensors, values))


def _value_faults(contract: Contract, tensors: Iterable[TensorSpec], values: Mapping[str, Values]) -> Iterator[str]:
    for t in tensors:
        found = values[t.name]
        sizes = [contract.axes[d].size for d in t.dims]
        fits = all(wanted in (None, size) for wanted, size in zip(sizes, found.shape, strict=True))
        if found.dtype != t.dtype or not fits:
            yield f"'{t.name}' is of another type or shape than its contract says"
            continue
        try:
            found.array()
        except (ValueError, TypeError, OverflowError):
            yield f"'{t.name}' holds values that do not fit its type and shape"
