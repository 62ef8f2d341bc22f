"""Finds the first node of a model whose value is not what another engine gives for it, by name.

A wrong answer says that something is wrong; these functions say where it starts. The model runs in ONNX Runtime without
optimisation, every value between its nodes an output; each is compared, in the order of the graph, with the value of
the same name from PyTorch (`lstm_onnx.verification.torch_divergence`) or from ONNX's reference evaluator. Nodes in the
body of a Loop, If or Scan are not looked into: the Loop is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
import onnx
import onnxruntime as ort

from lstm_onnx.contract import Array, Tolerance
from lstm_onnx.errors import first_line
from lstm_onnx.graph.traversal import reads
from lstm_onnx.inference.session import PROVIDERS, session_options
from lstm_onnx.task import Arrays
from lstm_onnx.verification.distance import distance, worst
from lstm_onnx.verification.engines import reference_evaluator


@dataclass(frozen=True)
class Divergence:
    """The first node at which two engines diverge.

    Attributes:
        node: the node.
        output: which of its outputs.
        difference: how far the two are apart.
        unseen: nodes right before it whose values had nothing to be compared with, so that it may be one of them.
    """

    node: onnx.NodeProto
    output: str
    difference: str
    unseen: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line: `node head/Gemm (Gemm, output linear): differs by 0.12, where all before it agree`."""
        name = self.node.name or "(without name)"
        text = f"node {name} ({self.node.op_type}, output {self.output}): {self.difference}, where all before it agree"
        return f"{text}; or it comes from what could not be compared: {', '.join(self.unseen)}" if self.unseen else text


def first_divergence_from_reference(
    model: onnx.ModelProto, inputs: Arrays, tolerance: Tolerance | None = None
) -> str | None:
    """Say at which node ONNX Runtime and ONNX's reference evaluator diverge; None where they agree everywhere."""
    values = values_by_onnx_runtime(model, inputs)
    if isinstance(values, str):
        return values
    found = values_by_reference(model, inputs)
    if isinstance(found, str):
        return found
    divergence = first_difference(model, values, found, tolerance)
    return None if divergence is None else str(divergence)


def values_by_reference(model: onnx.ModelProto, inputs: Arrays) -> dict[str, Array] | str:
    """Return every value between the nodes of the main graph by ONNX's reference evaluator, or why it does not run."""
    try:
        with np.errstate(all="ignore"):
            evaluator = reference_evaluator(model)
            fed = {i.name: inputs[i.name] for i in model.graph.input}
            found = cast(dict[str, Array], evaluator.run(None, fed, intermediate=True))
    except Exception as error:
        return f"the reference evaluator does not run it: {first_line(error)}"
    return {name: np.asarray(v) for name, v in found.items() if name}


def values_by_onnx_runtime(model: onnx.ModelProto, inputs: Arrays) -> dict[str, Array] | str:
    """Return every value between the nodes of the main graph; where it does not run, say at which node."""
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    there = {o.name for o in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name]
    open_model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in there)
    options = session_options(level="none", quiet=True)
    try:
        session = ort.InferenceSession(open_model.SerializeToString(), options, providers=[PROVIDERS["cpu"]])
        outputs = [o.name for o in session.get_outputs()]
        values = session.run(outputs, {i.name: inputs[i.name] for i in session.get_inputs()})
    except Exception as error:
        return _refusal(str(error), model)
    return dict(zip(outputs, values, strict=True))


def first_difference(
    model: onnx.ModelProto, got: Mapping[str, Array], wanted: Mapping[str, Array], tolerance: Tolerance | None = None
) -> Divergence | None:
    """Compare values by name in the order of the graph, and return where they diverge; None where they do not.

    Args:
        model: the graph, for its order and names.
        got: values of the model under suspicion, every one.
        wanted: what they should be, as far as known.
        tolerance: how far values may be apart, relative to the largest number of the whole array; only where an output
            is out of it by its examples (the first axis), and nothing is by whole arrays, are values held to that.
    """
    tolerance = tolerance or Tolerance()
    found = _search(model, got, wanted, tolerance, by_example=False)
    if found is None and any(
        _difference(got[o.name], wanted[o.name], tolerance.of(o.name), by_example=True)
        for o in model.graph.output
        if o.name in got and o.name in wanted
    ):
        found = _search(model, got, wanted, tolerance, by_example=True)
    return found


def _search(
    model: onnx.ModelProto,
    got: Mapping[str, Array],
    wanted: Mapping[str, Array],
    tolerance: Tolerance,
    by_example: bool,
) -> Divergence | None:
    for node in model.graph.node:
        for name in node.output:
            if name in wanted and name in got:
                difference = _difference(got[name], wanted[name], tolerance.of(name), by_example)
                if difference:
                    return Divergence(node, name, difference, _unseen(model, node, wanted))
    return None


def _difference(got: Array, wanted: Array, tolerance: Tolerance, by_example: bool) -> str | None:
    if got.shape != wanted.shape and (got.size != 1 or wanted.size != 1):
        return f"has the shape {got.shape} instead of {wanted.shape}"
    if (got.dtype.kind in "fc") != (wanted.dtype.kind in "fc"):
        return f"is {got.dtype} instead of {wanted.dtype}"
    shape = wanted.shape if by_example and wanted.ndim else (1, -1)
    a, b = got.reshape(shape), wanted.reshape(shape)
    if worst(a, b, tolerance) is None:
        return None
    if b.dtype.kind != "f":
        wrong = int(np.sum(a != b))
        return f"differs in {wrong} of {b.size} {'value' if b.size == 1 else 'values'}"
    absolute, relative = distance(a, b)
    if np.isinf(absolute):
        return "is NaN or infinite where it should not be, or the other way round"
    return f"differs by {absolute:.3g} (relative {relative:.3g})"


def _unseen(model: onnx.ModelProto, node: onnx.NodeProto, known: Mapping[str, Array]) -> tuple[str, ...]:
    makers = {name: n for n in model.graph.node for name in n.output if name}
    found: dict[str, onnx.NodeProto] = {}
    ahead = list(reads(node))
    while ahead:
        name = ahead.pop()
        if name in makers and name not in known and name not in found:
            found[name] = makers[name]
            ahead += reads(makers[name])
    return tuple(dict.fromkeys(n.name or n.op_type for n in model.graph.node if any(o in found for o in n.output)))


def _refusal(message: str, model: onnx.ModelProto) -> str:
    """Name the node at which ONNX Runtime gives up, as far as its message does."""
    names = {node.name: node for node in model.graph.node if node.name}
    quoted = re.findall(r"Name:'([^']*)'|[Nn]ode:? ?\(([^)]*)\)", message)
    node = next((names[n] for pair in quoted for n in pair if n in names), None)
    detail = " ".join(message.split())
    where = f"node {node.name} ({node.op_type})" if node is not None else "the model"
    return f"{where} does not run in ONNX Runtime: {detail}"
