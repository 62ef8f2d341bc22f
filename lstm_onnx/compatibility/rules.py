"""Finds in a model what some runtime does not take: each function yields the places and what stands there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import onnx
from onnx import TensorProto

from lstm_onnx.graph.c_lstm import is_plain_lstm
from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.graph.traversal import inner_nodes, nodes_of

Match = tuple[str, str]
"""Where (a node, a tensor, the file), and what was found there."""

Matcher = Callable[[onnx.ModelProto], Iterator[Match]]

_STANDARD = ("", "ai.onnx")
_CELLS = ("LSTM", "GRU", "RNN")
_KNOWN = (*_STANDARD, "ai.onnx.ml", "com.microsoft")
_STRING_OPERATORS = ("StringSplit", "StringConcat", "StringNormalizer", "RegexFullMatch")
_USUAL_ACTIVATIONS = {"LSTM": [b"sigmoid", b"tanh", b"tanh"], "GRU": [b"sigmoid", b"tanh"], "RNN": [b"tanh"]}


def every_node(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    """Every node, those in the bodies of Loop, If and Scan and in the model's own functions too."""
    yield from nodes_of(model.graph)
    for function in model.functions:
        for node in function.node:
            yield node
            yield from inner_nodes(node)


def operator_name(node: onnx.NodeProto) -> str:
    """Name a node's operator, with its domain where that is not the standard one."""
    return node.op_type if node.domain in _STANDARD else f"{node.domain}.{node.op_type}"


def opset_above(limit: int) -> Matcher:
    """Find an opset of the standard operators above `limit`."""

    def look(model: onnx.ModelProto) -> Iterator[Match]:
        found = max((o.version for o in model.opset_import if o.domain in _STANDARD), default=0)
        if found > limit:
            yield "the file", f"opset {found}"

    return look


def ir_above(limit: int) -> Matcher:
    """Find a version of the file format above `limit`."""

    def look(model: onnx.ModelProto) -> Iterator[Match]:
        if model.ir_version > limit:
            yield "the file", f"IR version {model.ir_version}"

    return look


def operators(*names: str) -> Matcher:
    """Find nodes by operator; a domain other than the standard one is part of the name, as in `ai.onnx.ml.Scaler`."""
    wanted = frozenset(names)

    def look(model: onnx.ModelProto) -> Iterator[Match]:
        for node in every_node(model):
            name = operator_name(node)
            if name in wanted or (node.domain and f"{node.domain}.*" in wanted):
                yield _place(node), name

    return look


def own_operators(model: onnx.ModelProto) -> Iterator[Match]:
    """Find operators of other domains than the usual ones that the file does not define itself."""
    defined = {(f.domain, f.name) for f in model.functions}
    for node in every_node(model):
        if node.domain not in _KNOWN and (node.domain, node.op_type) not in defined:
            yield _place(node), f"{node.domain}.{node.op_type}"


def strings(model: onnx.ModelProto) -> Iterator[Match]:
    """Find inputs, outputs, weights and operators of strings."""
    for value in (*model.graph.input, *model.graph.output):
        if value.type.tensor_type.elem_type == TensorProto.STRING:
            yield f"tensor {value.name}", "strings"
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.STRING:
            yield f"weights {tensor.name}", "strings"
    for node in every_node(model):
        labels = node.op_type == "LabelEncoder" and any(a.strings for a in node.attribute)
        if labels or node.op_type in _STRING_OPERATORS:
            yield _place(node), f"{node.op_type} of strings"


def on_strings(name: str) -> Matcher:
    """Find nodes of an operator that are given strings, as far as the types of inputs and weights tell."""

    def look(model: onnx.ModelProto) -> Iterator[Match]:
        types = _types(model)
        for node in every_node(model):
            if node.op_type == name and TensorProto.STRING in (types.get(n) for n in node.input):
                yield _place(node), f"{name} of strings"

    return look


def layout(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs, GRUs and RNNs that take the batch first."""
    for node in _recurrent(model):
        if _number(node, "layout"):
            yield _place(node), f"{node.op_type} with layout 1"


def lengths(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs, GRUs and RNNs that are told how long each sequence is."""
    for node in _recurrent(model):
        if _input(node, 4):
            yield _place(node), f"{node.op_type} with sequence_lens"


def lengths_of_free_axes(model: onnx.ModelProto) -> Iterator[Match]:
    """Find the same, in models with inputs of any size."""
    if any(free_axes(model)):
        yield from lengths(model)


def peepholes(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs whose gates see the cell."""
    for node in _lstms(model):
        if _input(node, 7):
            yield _place(node), "LSTM with peepholes"


def coupled_gates(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs whose input gate is what the forget gate leaves."""
    for node in _lstms(model):
        if _number(node, "input_forget"):
            yield _place(node), "LSTM with input_forget"


def odd_cells(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs, GRUs and RNNs that clip, or have other activations than the usual ones."""
    for node in _recurrent(model):
        names = next((list(a.strings) for a in node.attribute if a.name == "activations"), [])
        usual = _USUAL_ACTIVATIONS[node.op_type]
        if [n.lower() for n in names] != usual * (len(names) // len(usual)):
            yield _place(node), f"{node.op_type} with activations {', '.join(n.decode() for n in names)}"
        if any(a.name == "clip" for a in node.attribute):
            yield _place(node), f"{node.op_type} with clip"


def backward(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs, GRUs and RNNs that run from the end alone."""
    for node in _recurrent(model):
        if _direction(node) == "reverse":
            yield _place(node), f"{node.op_type} with direction reverse"


def backward_others(model: onnx.ModelProto) -> Iterator[Match]:
    """Find GRUs and RNNs that run from the end, alone or too."""
    for node in _recurrent(model, ("GRU", "RNN")):
        if _direction(node) != "forward":
            yield _place(node), f"{node.op_type} with direction {_direction(node)}"


def odd_backward_sequence(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs that give every step of a run from the end, and that `graph.c_lstm` leaves to the generator."""
    kinds = {i.name: i.data_type for i in model.graph.initializer}
    for node in _lstms(model):
        is_double = TensorProto.DOUBLE in (kinds.get(name) for name in node.input[1:4])
        if _direction(node) != "forward" and node.output[0] and (is_double or not is_plain_lstm(node)):
            yield _place(node), f"all steps of an LSTM with direction {_direction(node)}, and not as PyTorch has it"


def double_cells(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs, GRUs and RNNs in float64."""
    yield from _cells_of(model, TensorProto.DOUBLE, "float64")


def half_cells(model: onnx.ModelProto) -> Iterator[Match]:
    """Find LSTMs, GRUs and RNNs in float16."""
    yield from _cells_of(model, TensorProto.FLOAT16, "float16")


def half_arithmetic(model: onnx.ModelProto) -> Iterator[Match]:
    """Find where float16 is computed with, other than in LSTMs; weights that are cast to float32 first are none."""
    types = _types(model)
    for node in every_node(model):
        if node.op_type not in ("Cast", *_CELLS) and TensorProto.FLOAT16 in (types.get(name) for name in node.input):
            yield _place(node), f"{node.op_type} of float16"
            return


def external(model: onnx.ModelProto) -> Iterator[Match]:
    """Find weights that lie in another file."""
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            yield f"weights {tensor.name}", "weights in another file"
            return


def value_info(model: onnx.ModelProto) -> Iterator[Match]:
    """Find types of inner tensors."""
    if model.graph.value_info:
        yield f"tensor {model.graph.value_info[0].name}", "value_info of inner tensors"


def remainders_of_a_clock(model: onnx.ModelProto) -> Iterator[Match]:
    """Find remainders of integers; none where the contract says that the model reads no clock."""
    if not _may_read_a_clock(model):
        return
    for node in every_node(model):
        if node.op_type == "Mod" and not _number(node, "fmod"):
            yield _place(node), "Mod of integers"


def free_axes(model: onnx.ModelProto) -> Iterator[Match]:
    """Find the first input that may have any size; axes without a name are called ?."""
    weights = {t.name for t in model.graph.initializer}
    for value in model.graph.input:
        shape = value.type.tensor_type.shape
        if value.name not in weights and not value.type.tensor_type.HasField("shape"):
            yield f"input {value.name}", "any number of axes"
            return
        free = [d.dim_param or "?" for d in shape.dim if not d.HasField("dim_value") or d.dim_value < 0]
        if free and value.name not in weights:
            yield f"input {value.name}", f"free axes {', '.join(free)}"
            return


def int8_of_free_axes(model: onnx.ModelProto) -> Iterator[Match]:
    """Find int8 LSTMs of ONNX Runtime in models with inputs of any size."""
    if any(free_axes(model)):
        yield from operators("com.microsoft.DynamicQuantizeLSTM")(model)


def free_cells(model: onnx.ModelProto) -> Iterator[Match]:
    """Find free axes in a model with an LSTM, GRU or RNN that makes its first state by itself."""
    if any(not _input(node, 5) for node in _recurrent(model)):
        yield from free_axes(model)


def _lstms(model: onnx.ModelProto) -> Iterator[onnx.NodeProto]:
    return _recurrent(model, ("LSTM",))


def _recurrent(model: onnx.ModelProto, kinds: tuple[str, ...] = _CELLS) -> Iterator[onnx.NodeProto]:
    return (node for node in every_node(model) if node.op_type in kinds and node.domain in _STANDARD)


def _cells_of(model: onnx.ModelProto, kind: int, name: str) -> Iterator[Match]:
    types = _types(model)
    for node in _recurrent(model):
        if kind in (types.get(n) for n in node.input[:3]):
            yield _place(node), f"{node.op_type} in {name}"


def _place(node: onnx.NodeProto) -> str:
    return f"node {node.name or node.op_type}"


def _number(node: onnx.NodeProto, name: str) -> int:
    return next((a.i for a in node.attribute if a.name == name), 0)


def _direction(node: onnx.NodeProto) -> str:
    return next((a.s.decode() for a in node.attribute if a.name == "direction"), "forward")


def _input(node: onnx.NodeProto, position: int) -> str:
    return node.input[position] if len(node.input) > position else ""


def _types(model: onnx.ModelProto) -> dict[str, int]:
    """Element types of tensors, as far as they stand in the file."""
    known = {t.name: t.data_type for t in model.graph.initializer}
    known |= {v.name: v.type.tensor_type.elem_type for v in (*model.graph.input, *model.graph.value_info)}
    for node in every_node(model):
        if node.op_type == "Cast" and node.output:
            known[node.output[0]] = _number(node, "to")
        for value in (a.t for a in node.attribute if node.op_type == "Constant" and a.name == "value"):
            known[node.output[0]] = value.data_type
    return known


def _may_read_a_clock(model: onnx.ModelProto) -> bool:
    contract = readable_contract(model)
    return contract is None or any(t.source is not None and t.source.kind == "time" for t in contract.inputs)
