"""LSTMs in C: functions against double precision over all of float32, nodes against ONNX's reference evaluator."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from lstm_onnx.graph.c_lstm import KERNEL, PRODUCTS
from lstm_onnx.verification import c_engine

pytestmark = pytest.mark.skipif(c_engine.compiler() is None, reason="no C compiler")

ROOT = Path(__file__).parents[2]
STRICT = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
LEVELS = ("-O0", "-O3", "-O3 -march=native", "-O3 -ffp-contract=fast -march=native")

MAIN = """
#include <stdio.h>
#include "KERNEL"
#include "PRODUCTS"

int main(int count, char **arguments)
{
    static float values[4096];
    size_t read;
    (void)arguments;
    while ((read = fread(values, sizeof *values, 4096, stdin)) > 0) {
        if (count == 1)
            for (size_t k = 0; k < read; k++)
                values[k] = lstm_expm1(values[k]);
        else if (count == 2)
            lstm_tanh(values, (int)read);
        else
            lstm_sigmoid(values, (int)read);
        fwrite(values, sizeof *values, read, stdout);
    }
    (void)lstm_add_rows;
    (void)lstm_update;
    return 0;
}
"""


def main_text() -> str:
    """Return the program, with our two files in it."""
    return MAIN.replace("KERNEL", str(KERNEL)).replace("PRODUCTS", str(PRODUCTS))


FUNCTIONS = {"expm1": 0, "tanh": 1, "sigmoid": 2}


def compilers() -> Iterator[tuple[str, str]]:
    """Every compiler that is here, with every level."""
    for compiler in ("gcc", "clang"):
        if shutil.which(compiler):
            yield from ((compiler, level) for level in LEVELS)


@pytest.fixture(scope="module", params=list(compilers()), ids=" ".join)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler, level = request.param
    folder = tmp_path_factory.mktemp("math")
    (folder / "main.c").write_text(main_text())
    subprocess.run([compiler, *STRICT, *level.split(), "main.c", "-o", "main", "-lm"], cwd=folder, check=True)
    return folder / "main"


def by_c(program: Path, function: str, x: np.ndarray) -> np.ndarray:
    arguments = [str(program), *["x"] * FUNCTIONS[function]]
    return np.frombuffer(
        subprocess.run(arguments, input=x.tobytes(), capture_output=True, check=True).stdout, np.float32
    )


def in_double(function: str, x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64)
    return {"expm1": np.expm1, "tanh": np.tanh, "sigmoid": lambda v: 1 / (1 + np.exp(-np.maximum(v, -87)))}[function](x)


ALL = np.arange(0, 2**32, 4099, dtype=np.uint64).astype(np.uint32).view(np.float32)
"""Over a million float32: every exponent, both signs, denormals, infinities and NaN."""

NEAR = np.linspace(-90, 90, 500_001).astype(np.float32)
ODD = np.array(
    [0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1.2e-38, 3.4e38, -3.4e38, 87, -87, 43, -43], np.float32
)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_within_three_units_of_the_last_place(program: Path, function: str) -> None:
    x = np.concatenate([ALL, NEAR, ODD])
    if function == "expm1":
        x = x[~(np.abs(x) > 87)]
    with np.errstate(invalid="ignore"):  # of NaN that signal
        found, wanted = by_c(program, function, x), in_double(function, x)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(x))
    known = ~np.isnan(x)
    unit = np.spacing(np.abs(wanted[known]).astype(np.float32)).astype(np.float64)
    assert (np.abs(found[known] - wanted[known]) / unit).max() < (2 if function == "expm1" else 3)


def test_functions_are_exact_at_their_ends(program: Path) -> None:
    ends = np.array([-np.inf, -50, 0, 50, np.inf], np.float32)
    assert by_c(program, "tanh", ends).tolist() == [-1, -1, 0, 1, 1]
    assert by_c(program, "sigmoid", ends)[2:].tolist() == [0.5, 1, 1]
    assert 0 < by_c(program, "sigmoid", ends)[0] < 2e-38


def test_the_polynomial_is_what_the_tool_finds() -> None:
    spec = importlib.util.spec_from_file_location("expm1_polynomial", ROOT / "tools" / "expm1_polynomial.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    lines = [line for line in KERNEL.read_text().splitlines() if " q = " in line]
    written = [float.fromhex(n) for line in lines for n in re.findall(r"0x[\d.a-f]+p-\d+", line)]
    found = tool.coefficients()
    np.testing.assert_array_equal(written, found[::-1])
    assert tool.largest_error(found) < 1.5e-8


@pytest.mark.parametrize("flags", ["", "-march=native"])
def test_the_loops_become_vectors(tmp_path: Path, flags: str) -> None:
    """All but the rest of a row count: what took ten times as long was one unit after the other."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    calls = "void all(float *a, float *b, float *c);\nvoid all(float *a, float *b, float *c)\n{\n"
    calls += "    lstm_add_rows(a, b, c, 32, 128);\n    lstm_update(a, b, c, 32);\n}\n"
    (tmp_path / "all.c").write_text(main_text().split("int main")[0] + calls)
    line = f"gcc -std=c99 -O3 {flags} -fopt-info-vec-optimized -c all.c"
    said = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    for file in (KERNEL, PRODUCTS):
        vectorised = {int(n) for n in re.findall(rf"{file.name}:(\d+):\d+: optimized: loop vectorized", said)}
        lines = file.read_text().splitlines()
        loops = {n for n, line in enumerate(lines, 1) if re.match(r" +for \(int k = 0", line)}
        rest = {n + 1 for n, line in enumerate(lines, 1) if "row = whole; row < rows" in line}
        assert loops
        assert loops - rest <= vectorised


def lstm(
    hidden: int,
    inputs: int,
    direction: str = "forward",
    *,
    steps: int = 7,
    batch: int = 1,
    bias: bool = True,
    states: bool = True,
    outputs: tuple[str, ...] = ("all", "hidden", "cell"),
    lengths: bool = False,
    scale: float = 0.5,
) -> onnx.ModelProto:
    """A graph of one LSTM."""
    rng = np.random.default_rng(hidden * 31 + inputs)
    ways = 2 if direction == "bidirectional" else 1
    shapes = {"W": (ways, 4 * hidden, inputs), "R": (ways, 4 * hidden, hidden), "B": (ways, 8 * hidden)}
    stored = [
        numpy_helper.from_array(rng.normal(0, scale, shape).astype(np.float32), name)
        for name, shape in shapes.items()
        if name != "B" or bias
    ]
    state = (ways, batch, hidden)
    taken = ["x", "W", "R", "B" if bias else "", "lengths" if lengths else "", *(["h0", "c0"] if states else [])]
    shapes_in = {"x": (steps, batch, inputs), "h0": state, "c0": state}
    shapes_out = {"all": (steps, ways, batch, hidden), "hidden": state, "cell": state}
    infos = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes_in.items() if n in taken]
    if lengths:
        infos.append(helper.make_tensor_value_info("lengths", TensorProto.INT32, (batch,)))
    given = [n if n in outputs else "" for n in shapes_out]
    node = helper.make_node("LSTM", taken, given, "an LSTM */", hidden_size=hidden, direction=direction)
    results = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shapes_out[n]) for n in outputs]
    graph = helper.make_graph([node], "graph", infos, results, stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def inputs_of(model: onnx.ModelProto, scale: float = 1.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    found = {}
    for value in model.graph.input:
        shape = [d.dim_value for d in value.type.tensor_type.shape.dim]
        found[value.name] = rng.normal(0, scale, shape).astype(np.float32)
    return found


def by_reference(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [o.name for o in model.graph.output]
    with np.errstate(over="ignore"):
        answers = ReferenceEvaluator(model).run(names, inputs)
    return {name: np.asarray(a) for name, a in zip(names, answers, strict=True)}


def by_runtime(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    names = [o.name for o in model.graph.output]
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, inputs), strict=True))


@pytest.fixture(params=["-O3"])
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    pytest.importorskip("emx_onnx_cgen")
    monkeypatch.setattr(c_engine, "FLAGS", ("-std=c99", "-Wall", "-Wextra", *str(request.param).split()))
    return str(request.param)


def in_c(model: onnx.ModelProto, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    assert_ours(model)
    return dict(c_engine.GeneratedC(model.SerializeToString()).run(inputs))


def text_of(model: onnx.ModelProto) -> str:
    shapes = tuple((i.name, tuple(d.dim_value for d in i.type.tensor_type.shape.dim)) for i in model.graph.input)
    return c_engine.generate(model.SerializeToString(), shapes).text


def assert_ours(model: onnx.ModelProto) -> None:
    text = text_of(model)
    assert re.search(r"lstm_update\(gates(\[b\])?, hidden", text), "of one row, or of several together"
    assert "gate_i" not in text


def assert_equal(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray], atol: float = 3e-6) -> None:
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=atol, err_msg=name)


SIZES = [(1, 1), (3, 2), (5, 4), (8, 1), (17, 5), (32, 12), (33, 7)]


def together(models: list[onnx.ModelProto]) -> onnx.ModelProto:
    """One graph of them all, since a program takes seconds."""
    whole = onnx.compose.add_prefix(models[0], "0_")
    for number, model in enumerate(models[1:], 1):
        whole = onnx.compose.merge_models(whole, onnx.compose.add_prefix(model, f"{number}_"), [])
    return whole


@pytest.mark.parametrize("level", ["-O0", "-O3", "-O3 -march=native"], indirect=True)
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
def test_an_lstm_answers_as_the_reference_evaluator(level: str, direction: str) -> None:
    """Sizes that fill no vector and that do, a batch of one and of three, with all that may be left out."""
    model = together(
        [
            lstm(
                *(hidden, inputs, direction),
                batch=batch,
                states=(hidden + batch) % 2 == 0,
                bias=hidden != 5,
                steps=3 + batch,
            )
            for (hidden, inputs), batch in product(SIZES, (1, 3))
        ]
    )
    assert_equal(in_c(model, inputs_of(model)), by_reference(model, inputs_of(model)))


def test_any_outputs_may_be_asked_for(level: str) -> None:
    asked = [("all",), ("hidden",), ("cell",), ("hidden", "cell"), ("all", "cell")]
    model = together([lstm(6, 3, "bidirectional", outputs=outputs) for outputs in asked])
    assert_equal(in_c(model, inputs_of(model)), by_reference(model, inputs_of(model)))


def test_sequences_end_where_their_lengths_say(level: str) -> None:
    model = lstm(6, 3, "bidirectional", batch=3, lengths=True)
    inputs = {**inputs_of(model), "lengths": np.array([7, 1, 4], np.int32)}
    assert_equal(in_c(model, inputs), by_runtime(model, inputs))


@pytest.mark.parametrize("scale", [1e-42, 1e-20, 1e3, 1e30])
def test_values_of_any_size(level: str, scale: float) -> None:
    model = lstm(9, 5, "bidirectional", states=False, scale=2)
    inputs = inputs_of(model, scale)
    assert_equal(in_c(model, inputs), by_reference(model, inputs))
    model = lstm(9, 5, scale=0.1)
    inputs = inputs_of(model, scale)  # the states too
    found, wanted = in_c(model, inputs), by_reference(model, inputs)
    assert_equal(found, wanted, atol=1e-6 * max(1, np.abs(wanted["cell"]).max()))


def test_nan_and_infinity_are_what_the_reference_makes_of_them(level: str) -> None:
    model = lstm(9, 5, "bidirectional", batch=3, states=False)
    inputs = inputs_of(model)
    inputs["x"][3, 0, 2] = np.nan
    inputs["x"][4, 1, 1] = np.inf
    with np.errstate(invalid="ignore"):
        wanted = by_reference(model, inputs)
    assert np.isnan(wanted["all"][3:, 0, 0]).all() and not np.isnan(wanted["all"][:3, 0, 0]).any()
    assert not np.isnan(wanted["all"][:, :, 1:]).any()
    assert_equal(in_c(model, inputs), wanted)


def test_two_lstms_one_upon_the_other_and_shared_weights(level: str) -> None:
    model = lstm(4, 4, states=False, outputs=("all",))
    first = model.graph.node[0]
    first.output[0] = "between"
    rest = [
        helper.make_node("Squeeze", ["between", "axis"], ["flat"]),
        helper.make_node("LSTM", ["flat", *first.input[1:4]], ["all"], hidden_size=4),
    ]
    model.graph.node.extend(rest)
    model.graph.initializer.append(numpy_helper.from_array(np.array([1]), "axis"))
    assert_equal(in_c(model, inputs_of(model)), by_reference(model, inputs_of(model)))


def test_weights_that_another_node_reads_as_well_stay(level: str) -> None:
    model = lstm(4, 4, states=False, outputs=("hidden",))
    model.graph.node.append(helper.make_node("ReduceSum", ["R"], ["sum"], keepdims=0))
    model.graph.output.append(helper.make_tensor_value_info("sum", TensorProto.FLOAT, []))
    assert_equal(in_c(model, inputs_of(model)), by_reference(model, inputs_of(model)))


def test_weights_are_in_the_code_once() -> None:
    pytest.importorskip("emx_onnx_cgen")
    model = lstm(8, 3, "bidirectional")
    text = text_of(model)
    assert text.count(KERNEL.read_text()) == 1
    text = text.replace(KERNEL.read_text(), "")
    floats = [np.float32(float.fromhex(n)) for n in re.findall(r"-?0x[\d.a-f]+p[+-]\d+(?=f)", text)]
    stored = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    weights = stored["W"].size + stored["R"].size
    assert len(floats) == weights + stored["B"].size // 2
    assert sorted(floats[:weights]) == sorted([*stored["W"].ravel(), *stored["R"].ravel()])
    assert "Weight 1" not in text


def peepholes(model: onnx.ModelProto) -> None:
    model.graph.node[0].input.append("P")
    model.graph.initializer.append(numpy_helper.from_array(np.full((1, 18), 0.1, np.float32), "P"))


def other_activations(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("activations", ["Sigmoid", "Relu", "Tanh"]))


def clip(model: onnx.ModelProto) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("clip", 0.5))


@pytest.mark.parametrize("change", [peepholes, other_activations, clip])
def test_what_ours_does_not_know_is_left_to_the_generator(change) -> None:
    pytest.importorskip("emx_onnx_cgen")
    model = lstm(6, 3)
    change(model)
    assert "lstm_update" not in text_of(model)
    inputs = inputs_of(model)
    found = c_engine.GeneratedC(model.SerializeToString()).run(inputs)
    assert_equal(dict(found), by_runtime(model, inputs))
