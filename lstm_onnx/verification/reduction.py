"""Cuts the smallest part out of a graph on which ONNX Runtime and ONNX's reference evaluator differ.

What is left is a file of a node or a few, with the values that go into it inside: it takes no input, and is small
enough to read, to bisect releases of a runtime with, and to report.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from lstm_onnx.contract import Array, Tolerance
from lstm_onnx.data.atomic_files import write_atomically
from lstm_onnx.errors import UserError
from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.graph.traversal import reads
from lstm_onnx.task import Arrays
from lstm_onnx.verification.divergence import (
    Divergence,
    first_difference,
    values_by_onnx_runtime,
    values_by_reference,
)
from lstm_onnx.verification.value_checks import decode


def write_reduced(content: bytes, to: Path, where: str | Path) -> str:
    """Write the smallest part of a file that still differs, and say which it is.

    Args:
        content: the file's.
        to: the `.onnx` to write.
        where: names the file in errors.

    Raises:
        UserError: the file has no golden examples to run it on, one of the two does not run it, or they agree.
    """
    contract = readable_contract(content)
    if contract is None or not contract.examples:
        raise UserError(f"--reduce: {where} has no golden examples, on which engines could differ")
    model = onnx.load_model_from_string(content)
    for example in contract.examples:
        found = reduced(model, decode(example)[0], contract.tolerance)
        if found is not None:
            part, divergence = found
            write_atomically(to, part.SerializeToString())
            return f"{len(part.graph.node)} of {len(model.graph.node)} nodes: {divergence}"
    raise UserError(
        f"--reduce: on the golden examples of {where}, ONNX Runtime and onnx's reference agree at every node; "
        f"what is wrong is in the file, not in an engine"
    )


def reduced(
    model: onnx.ModelProto, inputs: Arrays, tolerance: Tolerance | None = None
) -> tuple[onnx.ModelProto, Divergence] | None:
    """Return the smallest part of a model that still differs on some inputs, with where it does; None where none does.

    Raises:
        UserError: ONNX Runtime or the reference evaluator does not run the model.
    """
    ours, theirs = _values(model, inputs)
    first = first_difference(model, ours, theirs, tolerance)
    if first is None:
        return None
    nodes = list(model.graph.node)
    known = {**ours, **inputs}
    at = nodes.index(first.node)
    part: list[onnx.NodeProto] = []
    for node in reversed(nodes[: at + 1]):  # one node does, unless the two differ by what went in, too
        if part and not any(name in node.output for one in part for name in reads(one)):
            continue
        part.insert(0, node)
        cut = _cut(model, part, first.output, known)
        got, wanted = _values(cut, {})
        if (found := first_difference(cut, got, wanted, tolerance)) is not None:
            return cut, found
    return None


def _values(model: onnx.ModelProto, inputs: Arrays) -> tuple[Mapping[str, Array], Mapping[str, Array]]:
    found = values_by_onnx_runtime(model, inputs), values_by_reference(model, inputs)
    for values in found:
        if isinstance(values, str):
            raise UserError(f"--reduce: {values}")
    return found  # type: ignore[return-value]


def _cut(model: onnx.ModelProto, nodes: list[onnx.NodeProto], output: str, known: Arrays) -> onnx.ModelProto:
    """Return a model of some nodes alone, what they read inside it."""
    made = {name for node in nodes for name in node.output}
    wanted = dict.fromkeys(name for node in nodes for name in reads(node) if name not in made)
    stored = {t.name: t for t in model.graph.initializer}
    held = [
        stored[name] if name in stored else numpy_helper.from_array(np.asarray(known[name]), name) for name in wanted
    ]
    kind = helper.np_dtype_to_tensor_dtype(known[output].dtype) if known[output].dtype != object else 8
    value = helper.make_tensor_value_info(output, kind, [None] * known[output].ndim)
    part = helper.make_model(
        helper.make_graph(nodes, "reduced", [], [value], held),
        opset_imports=list(model.opset_import),
        ir_version=model.ir_version,
    )
    part.producer_name = "lstm-onnx"
    return part
