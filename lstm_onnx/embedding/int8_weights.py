"""Gives a model weights that are whole multiples of a scale, so that code can keep bytes (`--set weights=int8`).

Activations stay float32. The model that comes out is an ordinary one for ONNX Runtime, which answers for the self-test;
the generated C keeps the same numbers in a quarter of the room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from lstm_onnx.contract import Contract, Values
from lstm_onnx.embedding.target import Refusal
from lstm_onnx.graph.c_lstm import takes
from lstm_onnx.graph.int8_rounding import FROZEN, largest_weight, multiples
from lstm_onnx.graph.model_file import add_contract
from lstm_onnx.graph.traversal import nodes_of
from lstm_onnx.inference.moved import moved
from lstm_onnx.inference.session import session_answer
from lstm_onnx.task import Arrays

SMALLEST = 256
"""Elements that a product's weights must have: below, the node more that scales them takes what they save."""

Floats = NDArray[np.float32]

_WHOLE = "_int8"
"""At the end of the names of whole weights."""


@dataclass(frozen=True)
class Int8:
    """A model with weights for bytes.

    Attributes:
        content: the model, with the contract as it was.
        moved: percent by which the golden answers move.
        weights: how many weights are bytes.
        how: what is stored so.
    """

    content: bytes
    moved: float
    weights: int
    how: str

    @property
    def remark(self) -> str:
        """What a person must know of it."""
        return (
            f"{self.weights:,} weights of {self.how} are int8, which moves the golden answers by {self.moved:.2g}%; "
            f"model-int8.onnx answers the same: score it on data of yours (lstm-onnx evaluate)"
        )


def with_int8_weights(content: bytes, contract: Contract, most: float) -> Int8:
    """Return a model whose LSTMs and products have int8 weights, or if that moves answers too far, whose LSTMs have.

    Args:
        content: the model.
        contract: its contract; golden examples are asked again.
        most: percent by which their answers may move.

    Raises:
        Refusal: there is nothing to store so, or answers move further.
    """
    tried: list[Int8] = []
    for how, products in (("LSTMs and products", True), ("LSTMs", False)):
        model = onnx.load_model_from_string(content)
        count = _lstms(model) + (_products(model) if products else 0)
        if count:
            answers, lost = _answers(content, model.SerializeToString(), contract)
            made = add_contract(model, _retold(contract, answers)).SerializeToString()
            tried.append(Int8(made, lost, count, how))
            if tried[-1].moved <= most:
                return tried[-1]
    if not tried:
        raise Refusal(
            f"there is no LSTM and no product of {SMALLEST} weights or more that could be kept as bytes (an LSTM with "
            f"weights beyond {FROZEN:g}, which are switches, is none); leave --set weights=int8 out"
        )
    least = min(tried, key=lambda t: t.moved)
    raise Refusal(
        f"with int8 weights the golden answers move by {least.moved:.2g}%, more than {most:g}%; leave --set "
        f"weights=int8 out, or allow more (--set moved={np.ceil(least.moved):g}) and score the model on data"
    )


def _answers(before: bytes, after: bytes, contract: Contract) -> tuple[list[Arrays], float]:
    """Answer the golden examples anew, and say how far the answers that are no states moved."""
    was, now = session_answer(before, contract.name), session_answer(after, contract.name)
    states = {s.output for s in contract.states}
    asked = [{t.name: e.inputs[t.name].array() for t in contract.inputs} for e in contract.examples]
    answers = [(was(inputs), now(inputs)) for inputs in asked]
    judged = ([{n: a for n, a in found.items() if n not in states} for found in pair] for pair in answers)
    return [found for _, found in answers], moved((one, other) for one, other in judged)


def _retold(contract: Contract, answers: list[Arrays]) -> Contract:
    """The contract of the model with int8 weights: its own golden answers, and no scores or proof of another."""
    examples = tuple(
        e.model_copy(update={"outputs": {n: Values.of(a) for n, a in found.items()}})
        for e, found in zip(contract.examples, answers, strict=True)
    )
    return contract.model_copy(update={"examples": examples, "scores": None, "proof": None, "fingerprints": {}})


def _lstms(model: onnx.ModelProto) -> int:
    """Round the weights of LSTMs, a scale for each gate of a unit; return how many there are."""
    stored = {t.name: t for t in model.graph.initializer}
    chosen: set[str] = set()
    for node in model.graph.node:
        if takes(node, stored) and all(largest_weight(stored[name]) < FROZEN for name in node.input[1:3]):
            chosen.update(node.input[1:3])
    for name in chosen:
        whole, scale = multiples(numpy_helper.to_array(stored[name]), axis=2)
        stored[name].CopyFrom(numpy_helper.from_array(whole * scale, name))
    return sum(int(np.prod(stored[name].dims)) for name in chosen)


def _products(model: onnx.ModelProto) -> int:
    """Make `x W` into `(x Q) s` with whole numbers Q, a scale for each column; return how many weights there are."""
    stored = {t.name: t for t in model.graph.initializer}
    nodes = [part for node in model.graph.node for part in _scaled(node, stored, model)]
    made = sum(int(np.prod(t.dims)) for t in model.graph.initializer if t.name.endswith(_WHOLE))
    if made:
        del model.graph.node[:]
        model.graph.node.extend(nodes)
        read = {name for node in nodes_of(model.graph) for name in node.input} | {o.name for o in model.graph.output}
        kept = [t for t in model.graph.initializer if t.name in read]
        del model.graph.initializer[:]
        model.graph.initializer.extend(kept)
    return made


def _scaled(
    node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto], model: onnx.ModelProto
) -> Iterator[onnx.NodeProto]:
    found = _weights(node, stored)
    if found is None:
        yield node
        return
    name, answer = f"{node.output[0]}{_WHOLE}", node.output[0]
    whole, scale = multiples(found, axis=0)
    model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(whole), name))
    model.graph.initializer.append(numpy_helper.from_array(scale[0], f"{name}_scale"))
    bias = node.input[2] if len(node.input) > 2 else ""
    yield helper.make_node("MatMul", [node.input[0], name], [f"{name}_sum"], name=f"{node.name}/int8")
    last = f"{name}_scaled" if bias else answer
    yield helper.make_node("Mul", [f"{name}_sum", f"{name}_scale"], [last], name=f"{node.name}/scale")
    if bias:
        yield helper.make_node("Add", [last, bias], [answer], name=f"{node.name}/bias")


def _weights(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> Floats | None:
    """The weights (rows, columns) of a product that is rounded, or None."""
    if node.op_type not in ("MatMul", "Gemm") or node.input[1] not in stored:
        return None
    tensor, attributes = stored[node.input[1]], {a.name: helper.get_attribute_value(a) for a in node.attribute}
    plain = attributes.get("alpha", 1) == 1 and attributes.get("beta", 1) == 1 and not attributes.get("transA")
    if not plain or tensor.data_type != onnx.TensorProto.FLOAT or len(tensor.dims) != 2:
        return None
    if np.prod(tensor.dims) < SMALLEST or largest_weight(tensor) >= FROZEN:
        return None
    weights: Floats = numpy_helper.to_array(tensor)
    return weights.T if attributes.get("transB") else weights
