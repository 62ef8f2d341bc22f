"""Puts a function of our own in the place of each LSTM's, in the C that a generator writes for a graph (emx-onnx-cgen).

The generator's function computes a unit after the other, each with scalars and libm, and takes about ten times as long.
Ours lies in `c_lstm_kernel.c`, in one of the files of products, and, for what differs from node to node, in
`c_lstm_node.c.j2`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from lstm_onnx.graph.int8_rounding import multiples

Floats = NDArray[np.float32]

KERNEL = Path(__file__).with_name("c_lstm_kernel.c")
PRODUCTS, BATCH_PRODUCTS, INT8_PRODUCTS = (
    Path(__file__).with_name(f"c_lstm_{what}products.c") for what in ("", "batch_", "int8_")
)
_NODE = Path(__file__).with_name("c_lstm_node.c.j2")
_ID = "our_lstm_{}"
_ROLES = {
    "input_x": "x",
    "input_sequence_lens": "lengths",
    "input_initial_h": "initial_hidden",
    "input_initial_c": "initial_cell",
    "output_y": "all_hidden",
    "output_y_h": "last_hidden",
    "output_y_c": "last_cell",
}
"""What the generator calls the parameters, and we do; weights are no parameters of ours."""

_WEIGHTS = ("input_w", "input_r", "input_b")
_ACTIVATIONS = ([b"Sigmoid", b"Tanh", b"Tanh"], [b"Sigmoid", b"Tanh", b"Tanh"] * 2)


@dataclass(frozen=True)
class _Lstm:
    """An LSTM that we take.

    Attributes:
        title: what its comment says.
        direction: as in ONNX.
        w: (direction, 4 hidden, input).
        r: (direction, 4 hidden, hidden).
        b: (direction, 8 hidden).
    """

    title: str
    direction: str
    w: Floats
    r: Floats
    b: Floats

    @property
    def weights(self) -> Floats:
        """Flat (direction, input + hidden, 4 hidden): what a value is multiplied with lies together."""
        return np.concatenate([self.w, self.r], axis=2).transpose(0, 2, 1).ravel()

    @property
    def int8(self) -> dict[str, Any] | None:
        """The weights as bytes, in the same order, and scales of their columns; None where they are no multiples."""
        (w, w_scale), (r, r_scale) = multiples(self.w, 2), multiples(self.r, 2)  # a scale for each gate of a unit
        for whole, scale, given in ((w, w_scale, self.w), (r, r_scale, self.r)):
            if not np.allclose(whole * scale, given, rtol=1e-6, atol=0):
                return None
        flat = np.concatenate([w, r], axis=2).transpose(0, 2, 1).ravel().astype(np.int8)
        return {"weights": flat, "scales": {"input": w_scale.ravel(), "hidden": r_scale.ravel()}}

    @property
    def bias(self) -> Floats:
        """Flat (direction, 4 hidden)."""
        half = self.b.shape[1] // 2
        return (self.b[:, :half] + self.b[:, half:]).ravel()


def with_our_lstms(
    model: onnx.ModelProto,
    compile_model: Callable[[onnx.ModelProto], str],
    rows_of: int | None = None,
    int8: bool = False,
) -> str:
    """Have the generator write C for a graph, with our function for each LSTM that `takes` finds fit.

    Args:
        model: a graph of fixed sizes; it is not changed.
        compile_model: the generator, emx-onnx-cgen's.
        rows_of: size of the batch, if it may be filled in part: LSTMs over a batch of this size then take one parameter
            more, the first, and are called with `rows_`, the address of how many rows count; they answer zeros for the
            others.
        int8: keep the weights as bytes where they are multiples (see `multiples`).
    """
    named = onnx.ModelProto()
    named.CopyFrom(model)
    stored = {i.name: i for i in named.graph.initializer}
    ours: dict[str, _Lstm] = {}
    for node in named.graph.node:
        if takes(node, stored):
            ours[_ID.format(len(ours))] = _read(node, stored)
            node.name = _ID.format(len(ours) - 1)  # by this its function is found again
        else:
            node.name = _in_comment(node.name)  # the generator writes it as it stands
    text = compile_model(named)
    for name, lstm in ours.items():
        text = _with_ours(text, name, lstm, rows_of, int8)
    return text


def takes(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> bool:
    """Whether our function computes this node: a plain LSTM in float32, its weights in the file."""
    weights = [stored.get(name) for name in node.input[1:4] if name]
    return is_plain_lstm(node) and all(w is not None and w.data_type == onnx.TensorProto.FLOAT for w in weights)


def is_plain_lstm(node: onnx.NodeProto) -> bool:
    """Whether this is an LSTM as PyTorch has it: time first, without peepholes, clipping or other activations."""
    if node.op_type != "LSTM" or node.domain not in ("", "ai.onnx"):
        return False
    attributes = _attributes(node)
    return (
        not any(node.input[7:])  # peepholes
        and not attributes.keys() & {"clip", "activation_alpha", "activation_beta"}
        and not attributes.get("layout")
        and not attributes.get("input_forget")
        and attributes.get("activations", _ACTIVATIONS[0]) in _ACTIVATIONS
    )


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {a.name: helper.get_attribute_value(a) for a in node.attribute}


def _read(node: onnx.NodeProto, stored: Mapping[str, onnx.TensorProto]) -> _Lstm:
    w, r = (numpy_helper.to_array(stored[name]) for name in node.input[1:3])
    has_bias = len(node.input) > 3 and node.input[3]
    b = numpy_helper.to_array(stored[node.input[3]]) if has_bias else np.zeros((len(w), 2 * w.shape[1]), np.float32)
    return _Lstm(_in_comment(node.name) or "LSTM", _attributes(node).get("direction", b"forward").decode(), w, r, b)


def _in_comment(name: str) -> str:
    """A node's name without what would end a comment in C."""
    return re.sub(r"[^\w ./:-]", "_", name, flags=re.ASCII)


def _with_ours(text: str, name: str, lstm: _Lstm, rows_of: int | None, int8: bool) -> str:
    """Exchange the function, and its call, and leave out the weights that nobody else reads."""
    function = re.search(
        rf"^/\*\n \* Node \d+:\n(?:(?! \*/).*\n)*? \*/\nEMX_NODE_FN void (node\d+_{name})\((.*)\) \{{\n(?:.*\n)*?\}}\n",
        text,
        re.M,
    )
    assert function is not None
    declared = [re.fullmatch(r"(?:const )?\w+ (\w+)((?:\[\d+\])+)", p) for p in function[2].split(", ")]
    roles = [p[1] for p in declared if p is not None]
    sizes = {p[1]: [int(n) for n in re.findall(r"\d+", p[2])] for p in declared if p is not None}
    kept = [k for k, role in enumerate(roles) if role not in _WEIGHTS]
    assert [roles[k] for k in kept] == [role for role in _ROLES if role in roles]
    parameters = function[2].split(", ")
    steps, batch, inputs = sizes["input_x"]
    identifier = name.removeprefix("our_")
    in_part = batch > 1 and batch == rows_of
    stored = lstm.int8 if int8 else None
    together = batch > 1 and stored is None
    ours = _template().render(
        id=identifier,
        title=lstm.title,
        direction=lstm.direction,
        weights=lstm.weights,
        int8=stored,
        together=together,
        bias=lstm.bias,
        parameters=["const int32_t rows_[1]"] * in_part
        + [parameters[k].replace(f" {roles[k]}[", f" {_ROLES[roles[k]]}[") for k in kept],
        roles=["rows"] * in_part + [_ROLES[roles[k]] for k in kept],
        directions=len(lstm.w),
        steps=steps,
        batch=batch,
        inputs=inputs,
        hidden=lstm.r.shape[2],
    )
    products = [INT8_PRODUCTS] if stored else [BATCH_PRODUCTS, PRODUCTS] if together else [PRODUCTS]
    for file in (*products, KERNEL):  # before the first that calls them
        kernel = file.read_text(encoding="utf-8")
        ours = ours if kernel in text else f"{kernel}\n{ours}"
    text = text.replace(function[0], ours)
    call = re.search(rf"^( *){function[1]}\((.*)\);$", text, re.M)
    assert call is not None
    arguments = call[2].split(", ")
    handed = ", ".join(["rows_"] * in_part + [arguments[k] for k in kept])
    text = text.replace(call[0], f"{call[1]}{identifier}({handed});")
    for k in set(range(len(roles))) - set(kept):
        text = _without_unread(text, arguments[k])
    return text


def _without_unread(text: str, weight: str) -> str:
    """Leave out an array that nothing reads any more."""
    array = re.compile(
        rf"^/\*\n \* Weight \d+:\n(?:(?! \*/).*\n)*? \*/\n[^\n=]*\b{weight}\[[^\n=]*= \{{\n(?:.*\n)*?\}};\n\n?", re.M
    )
    without = re.sub(rf"^extern .*\b{weight}\[.*;\n", "", array.sub("", text, count=1), flags=re.M)
    return text if re.search(rf"\b{weight}\b", without) else without


def _template() -> jinja2.Template:
    jinja = jinja2.Environment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
    jinja.filters |= {"c_lines": _lines, "int_lines": _int_lines}
    return jinja.from_string(_NODE.read_text(encoding="utf-8"))


def _lines(values: Floats) -> Iterator[str]:
    """Write numbers as C reads them without rounding, eight to a line."""
    for begin in range(0, len(values), 8):
        yield ", ".join(map(_literal, values[begin : begin + 8].tolist())) + ","


def _int_lines(values: NDArray[np.int8]) -> Iterator[str]:
    """Write whole numbers, 24 to a line."""
    for begin in range(0, len(values), 24):
        yield ", ".join(map(str, values[begin : begin + 24].tolist())) + ","


def _literal(value: float) -> str:
    if not np.isfinite(value):
        return "NAN" if np.isnan(value) else "INFINITY" if value > 0 else "-INFINITY"
    digits, exponent = value.hex().split("p")
    return f"{digits.rstrip('0') if '.' in digits else digits}p{exponent}f".replace(".p", "p")
