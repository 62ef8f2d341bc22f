"""What runtimes are known to take: one rule for each thing that one of them refuses, or gets wrong without a word.

Every rule says where it is known from. Where that is a measurement, the test named with it makes it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import onnx
from onnx import TensorProto

from lstm_onnx.errors import UserError, nearest

Severity = Literal["stops", "differs"]
Found = tuple[str, str]
"""Where (a node, a tensor, the file), and what was found there."""

_OURS = "measured: tests/test_doctor.py"
_WEB = "measured with onnxruntime-web 1.30 in Node, by hand: it takes opset 26 and IR 13, and no newer"
_STRING_OPERATORS = ("StringSplit", "StringConcat", "StringNormalizer", "RegexFullMatch", "TfIdfVectorizer")


@dataclass(frozen=True)
class Rule:
    """Something that a runtime does not take.

    Attributes:
        name: short, for programs.
        look: finds where a model has it.
        severity: whether the model does not run there, or runs and may answer otherwise.
        why: what happens.
        advice: what to do instead.
        source: where that is known from.
    """

    name: str
    look: Callable[[onnx.ModelProto], Iterator[Found]]
    severity: Severity
    why: str
    advice: str
    source: str


@dataclass(frozen=True)
class Target:
    """A runtime, and what it does not take."""

    name: str
    what: str
    rules: tuple[Rule, ...]


def target_named(name: str) -> Target:
    """Return a target by its name.

    Raises:
        UserError: there is none of that name.
    """
    if name not in TARGETS:
        raise UserError(f"--target {name}: there is no such target{nearest(name, TARGETS)}")
    return TARGETS[name]


def every_node(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every node, those in the bodies of Loop, If and Scan too."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from every_node(attribute.g)


def _name(node: onnx.NodeProto) -> str:
    return f"node {node.name or node.op_type}"


def _opset_above(limit: int, source: str) -> Rule:
    def look(model: onnx.ModelProto) -> Iterator[Found]:
        found = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 0)
        if found > limit:
            yield "the file", f"opset {found}"

    return Rule(
        "opset", look, "stops", f"it knows opsets up to {limit}", f"export with --opset {min(limit, 18)}", source
    )


def _ir_above(limit: int, source: str) -> Rule:
    def look(model: onnx.ModelProto) -> Iterator[Found]:
        if model.ir_version > limit:
            yield "the file", f"IR version {model.ir_version}"

    return Rule("ir", look, "stops", f"it reads IR versions up to {limit}", "export without --ir-version", source)


def _other_domains(*allowed: str, source: str) -> Rule:
    def look(model: onnx.ModelProto) -> Iterator[Found]:
        for node in every_node(model.graph):
            if node.domain not in ("", "ai.onnx", *allowed):
                yield _name(node), f"{node.domain}.{node.op_type}"

    advice = "export --variant fp32 or fp16; int8 LSTMs are ONNX Runtime's own"
    return Rule("domain", look, "stops", "it does not have this operator", advice, source)


def _strings(model: onnx.ModelProto) -> Iterator[Found]:
    for value in (*model.graph.input, *model.graph.output):
        if value.type.tensor_type.elem_type == TensorProto.STRING:
            yield f"tensor {value.name}", "strings"
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.STRING:
            yield f"weights {tensor.name}", "strings"
    for node in every_node(model.graph):
        if node.op_type in _STRING_OPERATORS or any(a.strings for a in node.attribute):
            yield _name(node), f"{node.op_type} of strings"


def _no_strings(source: str) -> Rule:
    advice = "train with an input of integers or bytes, and take labels from the contract"
    return Rule("strings", _strings, "stops", "it has no tensors of strings", advice, source)


def _attribute(node: onnx.NodeProto, name: str) -> int:
    return next((a.i for a in node.attribute if a.name == name), 0)


def _layout(model: onnx.ModelProto) -> Iterator[Found]:
    for node in every_node(model.graph):
        if node.op_type == "LSTM" and _attribute(node, "layout"):
            yield _name(node), "LSTM with layout 1"


def _sequence_lens(model: onnx.ModelProto) -> Iterator[Found]:
    for node in every_node(model.graph):
        if node.op_type == "LSTM" and len(node.input) > 4 and node.input[4]:
            yield _name(node), "LSTM with sequence_lens"


def _types(model: onnx.ModelProto) -> dict[str, int]:
    known = {t.name: t.data_type for t in model.graph.initializer}
    return known | {v.name: v.type.tensor_type.elem_type for v in (*model.graph.input, *model.graph.value_info)}


def _double_lstm(model: onnx.ModelProto) -> Iterator[Found]:
    types = _types(model)
    for node in every_node(model.graph):
        if node.op_type == "LSTM" and types.get(node.input[1]) == TensorProto.DOUBLE:
            yield _name(node), "LSTM in float64"


def _half(model: onnx.ModelProto) -> Iterator[Found]:
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT16:
            yield f"weights {tensor.name}", "float16"
            return


def _external(model: onnx.ModelProto) -> Iterator[Found]:
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            yield f"weights {tensor.name}", "weights in another file"
            return


def _value_info(model: onnx.ModelProto) -> Iterator[Found]:
    if model.graph.value_info:
        yield f"tensor {model.graph.value_info[0].name}", "value_info of inner tensors"


def _integer_mod(model: onnx.ModelProto) -> Iterator[Found]:
    for node in every_node(model.graph):
        if node.op_type == "Mod" and not _attribute(node, "fmod"):
            yield _name(node), "Mod of integers"


def _free_axes(model: onnx.ModelProto) -> Iterator[Found]:
    for value in model.graph.input:
        free = [d.dim_param for d in value.type.tensor_type.shape.dim if d.dim_param]
        if free:
            yield f"input {value.name}", f"free axes {', '.join(free)}"
            return


LAYOUT = Rule(
    "layout", _layout, "stops", "its LSTM refuses layout 1", "export with lstm-onnx, which transposes instead", _OURS
)
SEQUENCE_LENS = Rule(
    "sequence_lens",
    _sequence_lens,
    "differs",
    "where axes are free it ignores the lengths without a word, and reads padding as data",
    "use lstm_onnx.LSTM, which picks the state at each length by itself",
    _OURS,
)
DOUBLE_LSTM = Rule("double", _double_lstm, "stops", "it has no LSTM in float64", "train and export in float32", _OURS)
EXTERNAL = Rule(
    "external", _external, "stops", "it is handed one file, and the weights are elsewhere", "export it again", _OURS
)
INTEGER_MOD = Rule(
    "mod",
    _integer_mod,
    "differs",
    "it takes remainders of integers in float32: of unix seconds they are off by up to 64",
    "train with --no-calendar, or run it with ONNX Runtime",
    _OURS,
)
FREE_AXES = Rule(
    "axes",
    _free_axes,
    "differs",
    "its code is for one size of each axis",
    "give the sizes when the code is generated; the answers hold for those alone",
    _OURS,
)
VALUE_INFO = Rule(
    "value_info",
    _value_info,
    "stops",
    "it fails on types of inner tensors that it works out otherwise",
    "export with lstm-onnx, which leaves them out",
    "observed with tract; the project's design notes",
)

_ORT = "measured with ONNX Runtime 1.32: tests/test_doctor.py"
_GPU = "observed in Chromium on SwiftShader; operators without a kernel there fall back to WebAssembly"

_NATIVE = (_opset_above(28, _ORT), _ir_above(14, _ORT), LAYOUT, DOUBLE_LSTM)
_JAVASCRIPT = (_opset_above(26, _WEB), _ir_above(13, _WEB), LAYOUT, DOUBLE_LSTM)

TARGETS: dict[str, Target] = {
    t.name: t
    for t in (
        Target("ort", "ONNX Runtime in C, C++, C#, Go, Java, Python, Rust, … on the CPU", _NATIVE),
        Target("triton", "NVIDIA Triton, ONNX Runtime backend", _NATIVE),
        Target("node", "onnxruntime-node", _JAVASCRIPT),
        Target("web", "onnxruntime-web, WebAssembly", (*_JAVASCRIPT, EXTERNAL)),
        Target(
            "webgpu",
            "onnxruntime-web on WebGPU",
            (
                *_JAVASCRIPT,
                EXTERNAL,
                _no_strings(_GPU),
                Rule(
                    "half",
                    _half,
                    "stops",
                    "float16 needs a GPU with shader-f16",
                    "export --variant fp32",
                    _GPU,
                ),
            ),
        ),
        Target(
            "openvino",
            "OpenVINO on the CPU",
            (_other_domains("ai.onnx.ml", source=_OURS), _no_strings(_OURS), SEQUENCE_LENS, INTEGER_MOD),
        ),
        Target(
            "bare-c",
            "plain C without a runtime (emx-onnx-cgen)",
            (_other_domains("ai.onnx.ml", source=_OURS), _no_strings(_OURS), EXTERNAL, FREE_AXES),
        ),
        Target(
            "tract",
            "tract, in Rust",
            (
                _other_domains("ai.onnx.ml", source="https://github.com/sonos/tract"),
                _no_strings("https://github.com/sonos/tract"),
                VALUE_INFO,
            ),
        ),
    )
}
"""Runtimes by name."""
