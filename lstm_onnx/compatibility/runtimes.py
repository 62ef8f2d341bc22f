"""What runtimes are known to take: one rule for each thing that one of them refuses, or gets wrong without a word.

Every rule says where it is known from. `tests/compatibility/test_examine.py` measures again what runs on any machine
(ONNX Runtime, OpenVINO, plain C); JavaScript, the browser and tract were measured by hand with the versions named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import onnx

from lstm_onnx.compatibility import rules
from lstm_onnx.compatibility.rules import Match, Matcher
from lstm_onnx.errors import UserError, nearest

Severity = Literal["stops", "differs", "slow"]


@dataclass(frozen=True)
class Rule:
    """Something that a runtime does not take.

    Attributes:
        name: short, for programs.
        look: finds where a model has it.
        severity: whether the model does not run there, may answer otherwise (or needs a hand), or is slow.
        why: what happens.
        advice: what to do instead.
        source: where that is known from.
    """

    name: str
    look: Matcher
    severity: Severity
    why: str
    advice: str
    source: str

    def find(self, model: onnx.ModelProto) -> Iterator[Match]:
        """Yield the places where a model has it, and what stands there."""
        return self.look(model)


@dataclass(frozen=True)
class Versions:
    """The newest opset and IR version that a runtime takes; None where no limit was met."""

    opset: int | None
    ir: int | None
    source: str


@dataclass(frozen=True)
class Target:
    """A runtime, what versions it takes, and what else it does not take."""

    name: str
    what: str
    versions: Versions
    others: tuple[Rule, ...]

    @property
    def max_opset(self) -> int | None:
        """The newest opset that it takes."""
        return self.versions.opset

    @property
    def max_ir(self) -> int | None:
        """The newest version of the file format that it takes."""
        return self.versions.ir

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, those on versions first."""
        return (*_rules_on(self.versions), *self.others)


def target_named(name: str) -> Target:
    """Return a target by its name.

    Raises:
        UserError: there is none of that name.
    """
    if name not in TARGETS:
        raise UserError(f"--target {name}: there is no such target{nearest(name, TARGETS)}")
    return TARGETS[name]


def fit(name: str) -> tuple[int | None, int | None]:
    """Return the newest opset and IR version that a target takes; None where no limit is known.

    Raises:
        UserError: there is no such target.
    """
    target = target_named(name)
    return target.max_opset, target.max_ir


def _rules_on(versions: Versions) -> Iterator[Rule]:
    opset, ir, source = versions.opset, versions.ir, versions.source
    if opset is not None:
        advice = f"export with --opset {min(opset, 18)}"
        yield Rule("opset", rules.opset_above(opset), "stops", f"it knows opsets up to {opset}", advice, source)
    if ir is not None:
        advice = "export without --ir-version"
        yield Rule("ir", rules.ir_above(ir), "stops", f"it reads IR versions up to {ir}", advice, source)


_TESTS = "tests/compatibility/test_examine.py"
_ORT = f"measured with ONNX Runtime 1.32: {_TESTS}"
_NODE = "measured by hand with onnxruntime-node 1.30"
_WEB = "measured by hand with onnxruntime-web 1.30 (WebAssembly) in Node 20"
_GPU = "measured by hand with onnxruntime-web 1.30 on WebGPU, headless Chromium 147 with SwiftShader"
_TRITON = "https://github.com/triton-inference-server/server/issues/8001 and onnx.helper.VERSION_TABLE"
_OPENVINO = f"measured with OpenVINO 2026.4: {_TESTS}"
_C = f"measured with emx-onnx-cgen 1.4.0 and gcc: {_TESTS}"
_TRACT = "measured by hand with tract 0.23.9 (its Python package)"

_TRANSPOSES = "export with lstm-onnx, which transposes instead"
_PLAIN_CELL = "use a plain LSTM cell, as lstm_onnx.LSTM is"
_NUMBERS = "take integers or bytes instead of strings, and labels from the contract"
_GATHERS = "use lstm_onnx.LSTM, which picks the state at each length by itself"
_REVERSES = "use lstm_onnx.LSTM, which reverses the sequence itself and runs forward"

_TEXT = ("StringSplit", "StringConcat", "StringNormalizer", "RegexFullMatch")
_TABLES = tuple(
    f"ai.onnx.ml.{name}"
    for name in (
        *("CastMap", "DictVectorizer", "FeatureVectorizer", "Imputer", "OneHotEncoder", "Scaler", "SVMClassifier"),
        *("SVMRegressor", "ZipMap"),
    )
)
"""Operators of `ai.onnx.ml` that none of OpenVINO, emx-onnx-cgen and tract has."""


def _own(source: str) -> Rule:
    advice = "write it with standard operators, or register the library that has it where it runs"
    return Rule("domain", rules.own_operators, "stops", "the operator is somebody's own", advice, source)


def _layout(source: str) -> Rule:
    return Rule("layout", rules.layout, "stops", "it refuses layout 1", _TRANSPOSES, source)


def _double(source: str) -> Rule:
    return Rule("double", rules.double_cells, "stops", "it does not run it in float64", "export in float32", source)


def _external(source: str) -> Rule:
    why = "it is handed one file, and the weights are elsewhere"
    advice = "export again as one file, or hand it the other one too (externalData)"
    return Rule("external", rules.external, "stops", why, advice, source)


def _normalizer(source: str) -> Rule:
    why = "it fails to load where the system has no locale en_US.UTF-8, as small containers have not"
    advice = "give the usual spellings of each word to a LabelEncoder"
    return Rule("locale", rules.operators("StringNormalizer"), "stops", why, advice, source)


def _lacks(source: str, *names: str, advice: str) -> Rule:
    return Rule("operators", rules.operators(*names), "stops", "it does not have this operator", advice, source)


def _no_text(source: str, *names: str) -> Rule:
    return Rule("text", rules.operators(*names), "stops", "it does not have this operator", _NUMBERS, source)


def _no_int8(source: str, *names: str) -> Rule:
    wanted = rules.operators(*(f"com.microsoft.{name}" for name in names))
    return Rule("int8", wanted, "stops", "it does not have this operator", "export --variant fp32 or fp16", source)


def _not_fused(source: str, *names: str) -> Rule:
    wanted = rules.operators(*(f"com.microsoft.{name}" for name in names))
    advice = "take the file as it was before ONNX Runtime optimised it"
    return Rule("fused", wanted, "stops", "it does not have this operator", advice, source)


def _native(name: str, what: str, versions: Versions) -> Target:
    source = versions.source if name == "node" else _ORT
    rules = (_own(source), _layout(source), _double(source), _normalizer(source))
    return Target(name, what, versions, rules)


_WEBGPU = (
    _own(_GPU),
    _double(_GPU),
    _external(_GPU),
    _no_text(_GPU, *_TEXT, "ai.onnx.ml.*"),
    Rule("strings", rules.on_strings("Equal"), "stops", "it cannot compare strings", _NUMBERS, _GPU),
    Rule(
        "half",
        rules.half_arithmetic,
        "stops",
        "arithmetic in float16 needs a GPU with shader-f16, which not all have",
        "export --variant fp32, or fp16, which computes in float32",
        _GPU,
    ),
    Rule(
        "steps",
        rules.operators("LSTM"),
        "slow",
        "it starts a program on the GPU for every step of an LSTM",
        "compare with the provider wasm",
        f"{_GPU}, from its verbose log",
    ),
)

_ON_OPENVINO = (
    _own(_OPENVINO),
    _no_text(_OPENVINO, *_TEXT, "TfIdfVectorizer", "ai.onnx.ml.LabelEncoder", *_TABLES),
    _lacks(
        _OPENVINO,
        *("SequenceErase", "SequenceLength", "SequenceMap", "MelWeightMatrix", "ImageDecoder"),
        advice="write it with tensors and other operators",
    ),
    Rule("strings", rules.on_strings("Equal"), "stops", "it cannot compare strings", _NUMBERS, _OPENVINO),
    Rule(
        "identity",
        rules.on_strings("Identity"),
        "stops",
        "it crashes and takes the whole process with it",
        "leave the node out",
        _OPENVINO,
    ),
    Rule(
        "layout",
        rules.layout,
        "differs",
        "it does not read layout, and takes time for batch without a word",
        _TRANSPOSES,
        f"https://github.com/openvinotoolkit/openvino/issues/37820; {_OPENVINO}",
    ),
    Rule(
        "sequence_lens",
        rules.lengths_of_free_axes,
        "differs",
        "where axes are free it ignores the lengths without a word, and reads padding as data",
        _GATHERS,
        _OPENVINO,
    ),
    Rule(
        "int8",
        rules.operators("com.microsoft.DynamicQuantizeLSTM"),
        "differs",
        "it computes in float32 with the int8 weights, so that answers are not ONNX Runtime's",
        "score it by the task's metric there, or export --variant fp32",
        _OPENVINO,
    ),
    Rule("peephole", rules.peepholes, "differs", "it ignores peepholes without a word", _PLAIN_CELL, _OPENVINO),
    Rule(
        "input_forget",
        rules.coupled_gates,
        "differs",
        "it ignores input_forget without a word",
        _PLAIN_CELL,
        _OPENVINO,
    ),
    Rule(
        "mod",
        rules.remainders_of_a_clock,
        "differs",
        "it takes remainders of integers in float32: of unix seconds they are off by up to 64",
        "train with --no-calendar, or run it with ONNX Runtime",
        _OPENVINO,
    ),
)

_IN_C = (
    _own(_C),
    _no_text(_C, *_TABLES),
    Rule(
        "int8",
        rules.int8_of_free_axes,
        "stops",
        "it cannot work out the sizes behind this operator, even where those of the inputs are given",
        "export --variant fp32 or fp16",
        _C,
    ),
    _lacks(_C, "Loop", advice="let the program do the loop, a step at a time"),
    _not_fused(_C, "QuickGelu", "FusedGemm"),
    Rule(
        "external",
        rules.external,
        "differs",
        "it looks for the weights in the folder where it is started",
        "start it in the folder of the file",
        _C,
    ),
    Rule(
        "reverse",
        rules.odd_backward_sequence,
        "differs",
        "it gives the steps of the backward run in the order in which it computes them, last first",
        _REVERSES,
        _C,
    ),
    Rule(
        "direction",
        rules.backward_others,
        "stops",
        "its GRU and RNN run forward alone",
        "use an LSTM, or run it with ONNX Runtime",
        _C,
    ),
    Rule(
        "strings",
        rules.strings,
        "differs",
        "its strings are arrays of 256 bytes each (EMX_STRING_MAX_LEN)",
        "take integers or bytes, or compile with a larger EMX_STRING_MAX_LEN",
        _C,
    ),
    Rule(
        "axes",
        rules.free_axes,
        "differs",
        "its code is for one size of each axis",
        "give the sizes when the code is generated (--input-dim batch=1 for each axis); it holds for those alone",
        _C,
    ),
)

_ON_TRACT = (
    _own(_TRACT),
    _no_text(_TRACT, *_TEXT, "TfIdfVectorizer", "ai.onnx.ml.LabelEncoder", *_TABLES),
    _no_int8(_TRACT, "DynamicQuantizeLSTM", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"),
    _lacks(
        _TRACT,
        *("Loop", "ReverseSequence", "CenterCropPad", "ConcatFromSequence", "SequenceAt", "SequenceConstruct"),
        advice="run forward only and loop in the program, or run it with ONNX Runtime",
    ),
    _not_fused(_TRACT, "FusedMatMul", "FusedGemm"),
    Rule(
        "value_info",
        rules.value_info,
        "stops",
        "it fails on types of inner tensors that it works out otherwise",
        "export with lstm-onnx, which leaves them out",
        _TRACT,
    ),
    Rule("sequence_lens", rules.lengths, "stops", "it refuses lengths that differ", _GATHERS, _TRACT),
    _double(_TRACT),
    Rule("half", rules.half_cells, "stops", "it does not run it in float16", "export --variant fp32 or fp16", _TRACT),
    Rule("input_forget", rules.coupled_gates, "differs", "it ignores input_forget", _PLAIN_CELL, _TRACT),
    Rule("cell", rules.odd_cells, "differs", "it answers otherwise with clip or such activations", _PLAIN_CELL, _TRACT),
    Rule("reverse", rules.backward, "differs", "it answers otherwise where nothing runs forward", _REVERSES, _TRACT),
    Rule(
        "axes",
        rules.free_cells,
        "differs",
        "it cannot make the first state of an LSTM while the batch is open, and panics",
        "set the sizes of the inputs when loading (set_input_fact)",
        _TRACT,
    ),
)

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        _native("ort", "ONNX Runtime in C, C++, C#, Go, Java, Python, Rust, … on the CPU", Versions(28, 14, _ORT)),
        # containers bring an ONNX Runtime of their own; what an older one takes, all newer ones take
        _native("triton", "NVIDIA Triton, ONNX Runtime backend, from early 2025 on", Versions(20, 9, _TRITON)),
        _native("node", "onnxruntime-node", Versions(26, 13, _NODE)),
        Target(
            "web",
            "onnxruntime-web, WebAssembly",
            Versions(26, 13, _WEB),
            (_own(_WEB), _layout(_WEB), _double(_WEB), _external(_WEB)),
        ),
        Target("webgpu", "onnxruntime-web on WebGPU; right to about 1e-4", Versions(26, 13, _GPU), _WEBGPU),
        Target(
            "openvino",
            "OpenVINO on the CPU, with INFERENCE_PRECISION_HINT f32: left alone it may compute in bfloat16",
            Versions(None, None, _OPENVINO),
            _ON_OPENVINO,
        ),
        Target("bare-c", "plain C without a runtime, all but LSTMs by emx-onnx-cgen", Versions(None, None, _C), _IN_C),
        Target("tract", "tract, in Rust", Versions(None, None, _TRACT), _ON_TRACT),
    )
}
"""Runtimes by name."""
