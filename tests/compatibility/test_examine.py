"""Each rule finds what it is there for, at its place; and where a runtime is at hand, the rule is true of it."""

from __future__ import annotations

import json
import locale
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.cli.app import run
from lstm_onnx.compatibility.examine import examine
from lstm_onnx.compatibility.runtimes import TARGETS, fit
from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.verification.c_engine import GeneratedC, compiler
from lstm_onnx.verification.engine import EngineError
from lstm_onnx.verification.value_checks import decode

TRAFFIC = Path(__file__).parents[2] / "exported" / "traffic.onnx"
KINDS = {"f": TensorProto.FLOAT, "d": TensorProto.DOUBLE, "e": TensorProto.FLOAT16}


def lstm(
    kind: str = "f",
    opset: int = 18,
    ir: int = 8,
    sequence_lens: bool = False,
    peepholes: bool = False,
    x: Sequence[int | str] = (5, 2, 3),
    **attributes: object,
) -> onnx.ModelProto:
    """One LSTM of 4 units from `x` (time, batch, 3), with fixed lengths 2 and 5 where they are asked for."""
    random = np.random.default_rng(0)
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    shapes = {"W": (directions, 16, 3), "R": (directions, 16, 4)} | ({"P": (directions, 12)} if peepholes else {})
    weights = [numpy_helper.from_array(random.normal(size=s).astype(kind), name) for name, s in shapes.items()]
    if sequence_lens:
        weights.append(numpy_helper.from_array(np.array([2, 5], np.int32), "lengths"))
    inputs = ["x", "W", "R", "", "lengths" if sequence_lens else "", "", "", "P" if peepholes else ""]
    while not inputs[-1]:
        inputs.pop()
    node = helper.make_node("LSTM", inputs, ["y"], hidden_size=4, name="enc/LSTM", **attributes)
    time, batch, features = x
    batch_first = "layout" in attributes
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", KINDS[kind], [batch, time, features] if batch_first else x)],
        [
            helper.make_tensor_value_info(
                "y", KINDS[kind], [batch, time, 1, 4] if batch_first else [time, directions, batch, 4]
            )
        ],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir)


def one_node(
    op: str,
    kind: int = TensorProto.FLOAT,
    domain: str = "",
    gives: int | None = None,
    inputs: Sequence[str] = ("x",),
    **attributes: object,
) -> onnx.ModelProto:
    graph = helper.make_graph(
        [helper.make_node(op, inputs, ["y"], name="the/node", domain=domain, **attributes)],
        "g",
        [helper.make_tensor_value_info("x", kind, [3])],
        [helper.make_tensor_value_info("y", kind if gives is None else gives, [3])],
    )
    versions = {"": 20} | ({domain: 2 if domain == "ai.onnx.ml" else 1} if domain else {})
    opsets = [helper.make_opsetid(d, v) for d, v in versions.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def loop() -> onnx.ModelProto:
    """Doubles x three times."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Add", ["v", "v"], ["w"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("v", TensorProto.FLOAT, [3])],
        [value("on", TensorProto.BOOL, []), value("w", TensorProto.FLOAT, [3])],
    )
    model = one_node("Loop", inputs=["n", "first", "x"], body=body)
    model.graph.initializer.append(helper.make_tensor("n", TensorProto.INT64, [], [3]))
    model.graph.initializer.append(helper.make_tensor("first", TensorProto.BOOL, [], [True]))
    return model


def backward_gru() -> onnx.ModelProto:
    return one_node("GRU", inputs="xwr", hidden_size=4, direction="reverse")


def int8_lstm() -> onnx.ModelProto:
    return onnx.load(TRAFFIC.with_name("traffic-int8.onnx"))


def outside() -> onnx.ModelProto:
    model = lstm()
    tensor = next(t for t in model.graph.initializer if t.name == "R")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    return model


def with_value_info() -> onnx.ModelProto:
    model = lstm()
    model.graph.value_info.append(helper.make_tensor_value_info("inner", TensorProto.FLOAT, [1]))
    return model


def stored_in_half() -> onnx.ModelProto:
    """Weights in float16, cast to float32 before they are used, as the variant fp16 has them."""
    model = lstm()
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype("e"), f"{tensor.name}16"))
    casts = [helper.make_node("Cast", [f"{n}16"], [n], to=TensorProto.FLOAT) for n in ("W", "R")]
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


STRING, INT64, BOOL = TensorProto.STRING, TensorProto.INT64, TensorProto.BOOL
FREE = ("time", "batch", 3)

PLANTED = [
    ("ort", "opset", lambda: lstm(opset=29), "the file", "opset 29"),
    ("web", "opset", lambda: lstm(opset=27), "the file", "opset 27"),
    ("ort", "ir", lambda: lstm(ir=15), "the file", "IR version 15"),
    ("node", "ir", lambda: lstm(ir=14), "the file", "IR version 14"),
    ("triton", "ir", lambda: lstm(ir=10), "the file", "IR version 10"),
    ("ort", "layout", lambda: lstm(layout=1), "node enc/LSTM", "LSTM with layout 1"),
    ("openvino", "layout", lambda: lstm(layout=1), "node enc/LSTM", "LSTM with layout 1"),
    ("triton", "double", lambda: lstm("d"), "node enc/LSTM", "LSTM in float64"),
    ("ort", "domain", lambda: one_node("Foo", domain="my.own"), "node the/node", "my.own.Foo"),
    ("node", "locale", lambda: one_node("StringNormalizer", STRING), "node the/node", "StringNormalizer"),
    ("web", "external", outside, "weights R", "weights in another file"),
    ("webgpu", "text", lambda: one_node("Scaler", domain="ai.onnx.ml"), "node the/node", "ai.onnx.ml.Scaler"),
    ("webgpu", "half", lambda: one_node("Neg", TensorProto.FLOAT16), "node the/node", "Neg of float16"),
    ("webgpu", "strings", lambda: one_node("Equal", STRING, inputs="xx"), "node the/node", "Equal of strings"),
    ("webgpu", "steps", lstm, "node enc/LSTM", "LSTM"),
    (
        "openvino",
        "sequence_lens",
        lambda: lstm(sequence_lens=True, x=FREE),
        "node enc/LSTM",
        "LSTM with sequence_lens",
    ),
    ("openvino", "identity", lambda: one_node("Identity", STRING), "node the/node", "Identity of strings"),
    ("openvino", "peephole", lambda: lstm(peepholes=True), "node enc/LSTM", "LSTM with peepholes"),
    ("openvino", "input_forget", lambda: lstm(input_forget=1), "node enc/LSTM", "LSTM with input_forget"),
    ("openvino", "mod", lambda: one_node("Mod", INT64, inputs="xx"), "node the/node", "Mod of integers"),
    ("openvino", "operators", lambda: one_node("SequenceLength"), "node the/node", "SequenceLength"),
    ("bare-c", "operators", loop, "node the/node", "Loop"),
    ("bare-c", "direction", backward_gru, "node the/node", "GRU with direction reverse"),
    (
        "bare-c",
        "int8",
        int8_lstm,
        "node encoder.layers.0.0/LSTM_quant",
        "com.microsoft.DynamicQuantizeLSTM",
    ),
    (
        "bare-c",
        "fused",
        lambda: one_node("QuickGelu", domain="com.microsoft"),
        "node the/node",
        "com.microsoft.QuickGelu",
    ),
    ("bare-c", "strings", lambda: one_node("Identity", STRING), "tensor x", "strings"),
    ("bare-c", "axes", lambda: lstm(x=FREE), "input x", "free axes time, batch"),
    (
        "bare-c",
        "reverse",
        lambda: lstm(direction="bidirectional", clip=50.0),
        "node enc/LSTM",
        "all steps of an LSTM with direction bidirectional, and not as PyTorch has it",
    ),
    ("tract", "value_info", with_value_info, "tensor inner", "value_info of inner tensors"),
    ("tract", "reverse", lambda: lstm(direction="reverse"), "node enc/LSTM", "LSTM with direction reverse"),
    ("tract", "half", lambda: lstm("e"), "node enc/LSTM", "LSTM in float16"),
    ("tract", "cell", lambda: lstm(clip=0.5), "node enc/LSTM", "LSTM with clip"),
    (
        "tract",
        "cell",
        lambda: lstm(activations=["Sigmoid", "Relu", "Tanh"]),
        "node enc/LSTM",
        "LSTM with activations Sigmoid, Relu, Tanh",
    ),
    ("tract", "axes", lambda: lstm(x=FREE), "input x", "free axes time, batch"),
]

CLEAN = [
    lstm,
    stored_in_half,
    lambda: lstm(opset=20, ir=9),
    lambda: lstm(activations=["Sigmoid", "Tanh", "Tanh"]),
]


@pytest.mark.parametrize(("target", "rule", "make", "where", "found"), PLANTED)
def test_each_rule_finds_its_place(target: str, rule: str, make, where: str, found: str) -> None:
    seen = [f for f in examine(make(), target) if f.rule == rule]
    assert (seen[0].where, seen[0].found) == (where, found)
    assert seen[0].advice and seen[0].why and seen[0].source


def test_every_rule_has_a_test() -> None:
    assert {rule.name for t in TARGETS.values() for rule in t.rules} == {planted[1] for planted in PLANTED}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("make", CLEAN)
def test_what_is_clean_has_no_finding(make, target: str) -> None:
    assert [f for f in examine(make(), target) if f.severity != "slow"] == []


def test_inner_graphs_are_looked_into() -> None:
    model = loop()
    model.graph.node[0].attribute[0].g.node[1].domain = "my.own"
    assert [f.found for f in examine(model, "ort")] == ["my.own.Add"]


def test_a_function_of_the_file_itself_is_no_foreign_operator() -> None:
    model = one_node("Twice", domain="my.own")
    body = [helper.make_node("Add", ["a", "a"], ["b"])]
    model.functions.append(helper.make_function("my.own", "Twice", ["a"], ["b"], body, [helper.make_opsetid("", 20)]))
    assert examine(model, "ort") == ()
    assert not refuses(model)


def test_remainders_do_no_harm_where_no_clock_is_read() -> None:
    model = onnx.load(TRAFFIC)
    assert {f.rule for f in examine(model, "openvino")} == {"mod"}
    contract = json.loads(model.metadata_props[0].value)
    for tensor in contract["inputs"]:
        tensor.pop("source", None)
    model.metadata_props[0].value = json.dumps(contract)
    assert examine(model, "openvino") == ()


def test_fit_tells_the_newest_versions() -> None:
    assert fit("ort") == (28, 14)
    assert fit("web") == fit("node") == (26, 13)
    assert fit("triton") in {row[2:0:-1] for row in helper.VERSION_TABLE}
    assert fit("openvino") == (None, None)
    with pytest.raises(lo.UserError, match="did you mean 'web'"):
        fit("wev")


def inputs_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """An input of the model's type, of 5 steps of 2 sequences of 3 features, or of 3 numbers."""
    value = model.graph.input[0].type.tensor_type
    sizes = [d.dim_value or {"time": 5, "batch": 2}[d.dim_param] for d in value.shape.dim]
    if value.elem_type == STRING:
        return {"x": np.array(["a", "B", "c"], object)}
    kind = helper.tensor_dtype_to_np_dtype(value.elem_type)
    return {"x": np.random.default_rng(1).normal(size=sizes).astype(kind)}


def by_onnx_runtime(model: onnx.ModelProto, **inputs: np.ndarray) -> np.ndarray:
    options = ort.SessionOptions()
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, inputs or inputs_of(model))[0]


def by_openvino(model: onnx.ModelProto, **inputs: np.ndarray) -> np.ndarray:
    openvino = pytest.importorskip("openvino")
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
    compiled = core.compile_model(core.read_model(model.SerializeToString()), "CPU", settings)
    asked = (inputs or inputs_of(model)).items()
    return np.array(compiled({name: a.astype(str) if a.dtype == object else a for name, a in asked})[0])


def by_c(model: onnx.ModelProto) -> np.ndarray:
    pytest.importorskip("emx_onnx_cgen")
    if compiler() is None:
        pytest.skip("no C compiler")
    return GeneratedC(model.SerializeToString()).run(inputs_of(model))["y"]


def refuses(model: onnx.ModelProto, engine: Callable[..., np.ndarray] = by_onnx_runtime) -> bool:
    try:
        engine(model)
    except Exception:
        return True
    return False


def test_every_engine_answers_alike_for_what_is_clean() -> None:
    for make in CLEAN:
        expected = by_onnx_runtime(make())
        np.testing.assert_allclose(by_openvino(make()), expected, atol=1e-6)
        np.testing.assert_allclose(by_c(make()), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "stops"),
    [
        (lambda: lstm(), False),
        (lambda: lstm(opset=28, ir=14), False),
        (lambda: lstm(opset=29), True),
        (lambda: lstm(ir=15), True),
        (lambda: lstm(layout=1), True),
        (lambda: lstm("d"), True),
        (lambda: lstm("e"), False),
        (lambda: one_node("Foo", domain="my.own"), True),
        (lambda: one_node("QuickGelu", domain="com.microsoft"), False),
        (lambda: one_node("StringConcat", STRING, inputs="xx"), False),
    ],
)
def test_onnx_runtime_takes_what_the_rules_say(make, stops: bool) -> None:
    assert any(f.severity == "stops" for f in examine(make(), "ort")) == stops == refuses(make())


def test_onnx_runtime_needs_a_locale_to_fold_strings() -> None:
    try:
        previous = locale.setlocale(locale.LC_CTYPE)
        locale.setlocale(locale.LC_CTYPE, "en_US.UTF-8")
        locale.setlocale(locale.LC_CTYPE, previous)
    except locale.Error:
        assert refuses(one_node("StringNormalizer", STRING, case_change_action="LOWER"))


ENCODER = {"keys_strings": ["a"], "values_int64s": [1], "default_int64": 0}


@pytest.mark.parametrize(
    ("make", "stops"),
    [
        (lambda: lstm(opset=28, ir=14), False),
        (lambda: lstm("d"), False),
        (lambda: one_node("Concat", STRING, inputs=["x"], axis=0), False),
        (lambda: one_node("Foo", domain="my.own"), True),
        (lambda: one_node("StringConcat", STRING, inputs="xx"), True),
        (lambda: one_node("LabelEncoder", STRING, "ai.onnx.ml", INT64, **ENCODER), True),
        (lambda: one_node("Scaler", domain="ai.onnx.ml", offset=[0.0], scale=[1.0]), True),
        (lambda: one_node("Equal", STRING, gives=BOOL, inputs="xx"), True),
        (lambda: one_node("QuickGelu", domain="com.microsoft"), False),
        (loop, False),
    ],
)
def test_openvino_takes_what_the_rules_say(make, stops: bool) -> None:
    pytest.importorskip("openvino")
    assert any(f.severity == "stops" for f in examine(make(), "openvino")) == stops == refuses(make(), by_openvino)


def test_openvino_crashes_on_identity_of_strings(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    onnx.save(one_node("Identity", STRING), tmp_path / "a.onnx")
    code = (
        "import numpy, openvino; core = openvino.Core(); "
        "print(core.compile_model(core.read_model('a.onnx'), 'CPU')({'x': numpy.array(['a', 'b', 'c'])})[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode < 0, "it no longer crashes: take the rule out"


@pytest.mark.parametrize("options", [{"peepholes": True}, {"input_forget": 1}])
def test_openvino_ignores_parts_of_an_lstm(options: dict[str, int]) -> None:
    model = lstm(**options)
    assert [f.severity for f in examine(model, "openvino")] == ["differs"]
    assert np.abs(by_openvino(model) - by_onnx_runtime(model)).max() > 0.1


def test_openvino_takes_time_for_batch() -> None:
    x = inputs_of(lstm())["x"]
    expected = by_onnx_runtime(lstm(), x=x).transpose(2, 0, 1, 3)
    assert by_openvino(lstm(layout=1), x=x.transpose(1, 0, 2)).shape != expected.shape
    assert [f.severity for f in examine(lstm(layout=1), "openvino")] == ["differs"]


def test_openvino_ignores_lengths_where_axes_are_free() -> None:
    fixed = lstm(sequence_lens=True)
    assert examine(fixed, "openvino") == ()
    np.testing.assert_allclose(by_openvino(fixed), by_onnx_runtime(fixed), atol=1e-6)

    free = lstm(sequence_lens=True, x=FREE)
    assert [f.rule for f in examine(free, "openvino")] == ["sequence_lens"]
    free.graph.input.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, ["batch"]))
    del free.graph.initializer[2]
    asked = inputs_of(free) | {"lengths": np.array([2, 5], np.int32)}
    assert np.abs(by_openvino(free, **asked) - by_onnx_runtime(free, **asked)).max() > 0.1


def test_openvino_takes_remainders_in_float32() -> None:
    model = one_node("Mod", INT64, inputs=("x", "day"))
    model.graph.initializer.append(numpy_helper.from_array(np.array([86400]), "day"))
    now = np.array([1_700_000_001] * 3)
    assert (by_onnx_runtime(model, x=now) == now % 86400).all()
    assert 0 < np.abs(by_openvino(model, x=now) - now % 86400).max() <= 128


def both_of_int8() -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """An int8 LSTM of ONNX Runtime, and the float32 one with the same weights."""
    plain = lstm()
    weights = {t.name: numpy_helper.to_array(t) for t in plain.graph.initializer}
    scale = np.float32(0.05)
    rounded = {name: np.clip(np.round(w / scale), -63, 63).astype(np.int8) for name, w in weights.items()}
    del plain.graph.initializer[:]
    plain.graph.initializer.extend(numpy_helper.from_array(r * scale, name) for name, r in rounded.items())

    quantized = lstm()
    quantized.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    node = quantized.graph.node[0]
    node.op_type, node.domain = "DynamicQuantizeLSTM", "com.microsoft"
    node.input[:] = ["x", "W", "R", "", "", "", "", "", "scale", "zero", "scale", "zero"]
    values = {name: r.transpose(0, 2, 1).copy() for name, r in rounded.items()}
    values |= {"scale": np.array([scale]), "zero": np.array([0], np.int8)}
    del quantized.graph.initializer[:]
    quantized.graph.initializer.extend(numpy_helper.from_array(v, name) for name, v in values.items())
    return quantized, plain


def test_openvino_computes_int8_lstms_in_float32() -> None:
    quantized, plain = both_of_int8()
    assert [(f.rule, f.severity) for f in examine(quantized, "openvino")] == [("int8", "differs")]
    np.testing.assert_allclose(by_openvino(quantized), by_onnx_runtime(plain), atol=1e-6)
    assert np.abs(by_onnx_runtime(quantized) - by_onnx_runtime(plain)).max() > 1e-4


def test_c_takes_int8_lstms_of_fixed_sizes() -> None:
    quantized, plain = both_of_int8()
    assert examine(quantized, "bare-c") == ()
    np.testing.assert_allclose(by_c(quantized), by_onnx_runtime(plain), atol=0.05)


@pytest.mark.parametrize(
    ("make", "stops"),
    [
        (lambda: lstm(opset=28, ir=14), False),
        (lambda: lstm(layout=1), False),
        (lambda: lstm("d"), False),
        (loop, True),
        (lambda: one_node("Foo", domain="my.own"), True),
        (lambda: one_node("QuickGelu", domain="com.microsoft"), True),
        (lambda: one_node("Scaler", domain="ai.onnx.ml", offset=[0.0], scale=[1.0]), True),
    ],
)
def test_c_takes_what_the_rules_say(make, stops: bool) -> None:
    pytest.importorskip("emx_onnx_cgen")
    assert any(f.severity == "stops" for f in examine(make(), "bare-c")) == stops == refuses(make(), by_c)


def said_to_lack(target: str) -> Iterator[tuple[str, onnx.ModelProto]]:
    """Every operator that a rule says a target lacks, alone in a model; those with a test of their own aside."""
    fused = [("com.microsoft", name) for name in ("QuickGelu", "FusedGemm")]
    standard = [(s.domain, s.name) for s in onnx.defs.get_all_schemas() if s.domain in ("", "ai.onnx.ml")]
    for domain, name in sorted({*standard, *fused}):
        model = one_node(name, domain=domain)
        if name != "Loop" and {f.rule for f in examine(model, target)} & {"text", "operators", "fused"}:
            yield name, model


def test_openvino_lacks_every_operator_that_a_rule_names() -> None:
    openvino = pytest.importorskip("openvino")
    core, models = openvino.Core(), dict(said_to_lack("openvino"))
    assert len(models) > 15
    for name, model in models.items():
        with pytest.raises(RuntimeError, match=rf"No conversion rule found for operations: \S*{name}"):
            core.read_model(model.SerializeToString())


def test_c_lacks_every_operator_that_a_rule_names() -> None:
    models = dict(said_to_lack("bare-c"))
    assert len(models) > 9
    for name, model in models.items():
        with pytest.raises(Exception, match=rf"Unsupported op \S*{name}"):
            generated(model)


@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
def test_c_gives_the_backward_run_of_an_odd_lstm_last_first(direction: str) -> None:
    model = lstm(direction=direction)
    assert examine(model, "bare-c") == ()
    np.testing.assert_allclose(by_c(model), by_onnx_runtime(model), atol=1e-6)

    model = lstm(direction=direction, clip=50.0)
    assert [f.rule for f in examine(model, "bare-c")] == ["reverse"]
    found, expected = by_c(model), by_onnx_runtime(model)
    np.testing.assert_allclose(found[::-1, -1], expected[:, -1], atol=1e-6)
    assert np.abs(found[:, -1] - expected[:, -1]).max() > 0.1

    model.graph.node[0].output[:] = ["", "y"]
    shape = model.graph.output[0].type.tensor_type.shape
    del shape.dim[0]
    assert examine(model, "bare-c") == ()
    np.testing.assert_allclose(by_c(model), by_onnx_runtime(model), atol=1e-6)


def generated(model: onnx.ModelProto) -> str:
    compiling = pytest.importorskip("emx_onnx_cgen.compiler")
    return compiling.Compiler(compiling.CompilerOptions()).compile(model)


def test_c_is_for_one_size_of_each_axis() -> None:
    with pytest.raises(Exception, match="requires static shapes"):
        generated(onnx.load(TRAFFIC))


def test_c_answers_for_the_reference_file_but_not_in_int8() -> None:
    pytest.importorskip("emx_onnx_cgen")
    inputs, expected = decode(readable_contract(onnx.load(TRAFFIC)).examples[0])
    found = GeneratedC(TRAFFIC.read_bytes()).run(inputs)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=1e-2)
    with pytest.raises(EngineError, match="cannot generate code"):
        GeneratedC(int8_lstm().SerializeToString()).run(inputs)


def test_c_has_strings_of_256_bytes() -> None:
    assert "#define EMX_STRING_MAX_LEN 256" in generated(one_node("Identity", STRING))


def test_c_looks_for_weights_where_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx.save(lstm(), tmp_path / "a.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    model = onnx.load(tmp_path / "a.onnx", load_external_data=False)
    assert [(f.rule, f.severity) for f in examine(model, "bare-c")] == [("external", "differs")]
    with pytest.raises(Exception, match="weights"):
        generated(model)
    monkeypatch.chdir(tmp_path)
    assert "void model" in generated(model)


def test_the_reference_file_runs_everywhere() -> None:
    found = {name: {(f.rule, f.severity) for f in examine(TRAFFIC, name)} for name in TARGETS}
    assert found == {
        **{name: set() for name in ("ort", "triton", "node", "web")},
        "webgpu": {("steps", "slow")},
        "openvino": {("mod", "differs")},
        "bare-c": {("axes", "differs")},
        "tract": {("axes", "differs")},
    }


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(lo.UserError, match=r"--target opnvino: there is no such target; did you mean 'openvino'"):
        examine(lstm(), "opnvino")
    with pytest.raises(lo.UserError, match="no such file"):
        examine(tmp_path / "a.onnx", "ort")
    (tmp_path / "a.onnx").write_text("no model")
    with pytest.raises(lo.UserError, match=r"a\.onnx: is no ONNX file"):
        examine(tmp_path / "a.onnx", "ort")


def test_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.onnx"
    onnx.save(lstm(layout=1), path)
    assert run(["doctor", str(path)]) == 0
    assert "openvino" in capsys.readouterr().out
    assert run(["doctor", str(path), "--target", "web"]) == 1
    assert "web would not run it: node enc/LSTM: LSTM with layout 1" in capsys.readouterr().err
    assert run(["doctor", str(path), "--target", "openvino", "--json"]) == 0
    assert [f["rule"] for f in json.loads(capsys.readouterr().out)["openvino"]["findings"]] == ["layout"]
