"""Other engines answer the golden examples, and what each is known to get wrong is still so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.contract import Contract
from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.verification import engines
from lstm_onnx.verification.distance import distance, worst
from lstm_onnx.verification.engine import EngineError
from lstm_onnx.verification.engines import available_engines, open_engine, why_not

TRAFFIC = Path(__file__).parents[2] / "exported" / "traffic.onnx"
NAN, INF = float("nan"), float("inf")

needs = {
    name: pytest.mark.skipif(name not in available_engines(), reason=f"engine {name} is not installed")
    for name in ("reference", "openvino", "c")
}
EACH = [pytest.param(name, marks=mark) for name, mark in needs.items()]


def agree(name: str, content: bytes) -> None:
    model = onnx.load_model_from_string(content)
    contract = readable_contract(model)
    assert contract is not None and contract.examples
    engine = open_engine(name, content)
    for example in contract.examples:
        got = engine.run({k: v.array() for k, v in example.inputs.items()} | {"not an input": np.zeros(1)})
        assert set(got) == set(example.outputs)
        for key, values in example.outputs.items():
            wanted = values.array()
            assert (got[key].dtype, got[key].shape) == (wanted.dtype, wanted.shape)
            assert worst(got[key], wanted, contract.tolerance) is None, (key, distance(got[key], wanted))


@pytest.mark.parametrize("name", EACH)
def test_adding_is_answered_by_every_engine(name: str, adding_file: Path) -> None:
    assert why_not(name, onnx.load(adding_file)) is None
    agree(name, adding_file.read_bytes())


@pytest.mark.parametrize("name", [EACH[0], EACH[2]])
def test_traffic_is_answered(name: str) -> None:
    assert why_not(name, onnx.load(TRAFFIC)) is None
    agree(name, TRAFFIC.read_bytes())


@needs["openvino"]
def test_openvino_is_not_asked_for_what_reads_a_clock() -> None:
    reason = why_not("openvino", onnx.load(TRAFFIC))
    assert reason is not None and reason.startswith("it takes remainders of integers in float32")
    assert "(node phases/Mod)" in reason


@pytest.mark.parametrize("name", EACH)
def test_padding_does_not_count_whatever_stands_in_it(name: str, adding_file: Path) -> None:
    engine = open_engine(name, adding_file.read_bytes())
    random = np.random.default_rng(0)
    pairs, lengths = random.random((3, 7, 2), np.float32), np.array([7, 2, 4])
    answers = []
    for filling in (0, NAN, INF, 1e30):
        padded = np.where((np.arange(7) < lengths[:, None])[:, :, None], pairs, np.float32(filling))
        answers.append(engine.run({"pairs": padded, "lengths": lengths})["total"])
    assert np.isfinite(answers[0]).all()
    for other in answers[1:]:
        np.testing.assert_array_equal(other, answers[0])


def model_of(op_type: str, *arrays: np.ndarray, opset: int = 18, **attributes: object) -> bytes:
    """One operator over vectors; its output has the type of the first input, or bool for comparisons."""
    types = [helper.np_dtype_to_tensor_dtype(a.dtype) for a in arrays]
    inputs = [helper.make_tensor_value_info(f"i{k}", t, ["n"]) for k, t in enumerate(types)]
    is_bool = op_type.startswith(("Less", "Greater", "Equal", "IsNaN"))
    output = helper.make_tensor_value_info("o", TensorProto.BOOL if is_bool else types[0], ["n"])
    node = helper.make_node(op_type, [i.name for i in inputs], ["o"], **attributes)
    graph = helper.make_graph([node], "one", inputs, [output])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8).SerializeToString()


def answer(name: str, op_type: str, *arrays: np.ndarray) -> np.ndarray:
    given = {f"i{k}": a for k, a in enumerate(arrays)}
    return open_engine(name, model_of(op_type, *arrays)).run(given)["o"]


ODD = np.array([NAN, 1, -1, INF, -INF, 0], np.float32)
ONE = np.ones(6, np.float32)
SECONDS = np.array([1700000001, 1735689599, 86399, -5], np.int64)
DAY = np.array([86400, 604800, 60, 3], np.int64)


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize(
    ("op_type", "arrays", "right"),
    [
        ("Less", (ODD, ONE), ODD < ONE),
        ("IsNaN", (ODD,), np.isnan(ODD)),
        ("Abs", (ODD,), np.abs(ODD)),
        ("Tanh", (ODD,), np.tanh(ODD)),
        ("Mul", (ODD, ONE), ODD),
        ("Add", (SECONDS, DAY), SECONDS + DAY),
        ("Div", (SECONDS[:3], DAY[:3]), SECONDS[:3] // DAY[:3]),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_files_rely_on_is_right(
    name: str, op_type: str, arrays: tuple[np.ndarray, ...], right: np.ndarray
) -> None:
    np.testing.assert_allclose(answer(name, op_type, *arrays), right, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", EACH[1:])
@pytest.mark.parametrize("op_type", ["Max", "Min"])
def test_nan_is_lost_in_max_and_min(name: str, op_type: str) -> None:
    """Known to be wrong: ONNX Runtime and onnx's reference keep the NaN."""
    assert answer(name, op_type, ODD, ONE)[0] == 1
    assert np.isnan(answer("reference", op_type, ODD, ONE)[0])


@needs["openvino"]
def test_openvino_computes_with_large_integers_in_float32() -> None:
    """Known to be wrong; the day this fails, `why_not` can let clocks pass."""
    assert answer("reference", "Mod", SECONDS, DAY).tolist() == (SECONDS % DAY).tolist()
    assert answer("openvino", "Mod", SECONDS, DAY).tolist() != (SECONDS % DAY).tolist()
    assert not answer("openvino", "Less", SECONDS[:1], SECONDS[:1] + 1)[0]


@needs["c"]
def test_generated_c_refuses_in_words(adding_file: Path) -> None:
    engine = open_engine("c", adding_file.read_bytes())
    with pytest.raises(EngineError, match="no axis of length 0"):
        engine.run({"pairs": np.zeros((0, 3, 2), np.float32), "lengths": np.zeros(0, np.int64)})
    with pytest.raises(EngineError, match="input lengths has an axis of 3 instead of 2"):
        engine.run({"pairs": np.zeros((2, 3, 2), np.float32), "lengths": np.ones(3, np.int64)})
    with pytest.raises(EngineError, match="engine 'c' cannot generate code"):
        open_engine("c", model_of("Unheard", ONE)).run({"i0": ONE})


@needs["c"]
def test_a_program_that_crashes_takes_nothing_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from lstm_onnx.verification import c_engine as generated_c

    honest = generated_c.generate

    def crashing(*arguments: object) -> generated_c.Source:
        source = honest(*arguments)  # type: ignore[arg-type]
        text = source.text.replace("void model(", "void model_(", 1)
        return generated_c.Source(text + "\n#define model(...) abort()\n", source.parameters)

    monkeypatch.setattr(generated_c, "generate", crashing)
    with pytest.raises(EngineError, match=r"engine 'c' crashed \(exit status -6\)"):
        answer("c", "Abs", ODD)


def test_foreign_operators_and_loops_are_no_ones(adding_file: Path) -> None:
    model = onnx.load(adding_file)
    gemm = next(n for n in model.graph.node if n.op_type == "Gemm")
    gemm.op_type, gemm.domain = "FusedGemm", "com.microsoft"
    for name in available_engines():
        assert (why_not(name, model) or "").startswith(
            "com.microsoft.FusedGemm (node head/Gemm) is no standard operator"
        )
    loop = onnx.ModelProto()
    loop.graph.node.append(helper.make_node("Loop", ["count", "", "x"], ["y"], "decoder"))
    assert why_not("reference", loop) == "it does not run a Loop that has no first condition (node decoder)"
    loop.graph.node[0].input[1] = "yes"
    loop.graph.node[0].output.append("all")
    assert why_not("reference", loop) == "it joins what a Loop collects, instead of stacking it (node decoder)"


@needs["openvino"]
def test_openvino_is_not_asked_about_sequence_lens(adding_file: Path) -> None:
    model = onnx.load(adding_file)
    model.graph.initializer.append(numpy_helper.from_array(np.array([4], np.int32), "four"))
    next(n for n in model.graph.node if n.op_type == "LSTM").input.append("four")
    assert why_not("openvino", model) == "it ignores sequence_lens (node lstm.layers.0.0/LSTM)"


def test_engines_that_are_not_there(monkeypatch: pytest.MonkeyPatch, adding_file: Path) -> None:
    with pytest.raises(lo.UserError, match="no engine 'openvin'; did you mean 'openvino'"):
        open_engine("openvin", b"")
    monkeypatch.setitem(engines.PACKAGES, "openvino", "no_such_package")
    assert "openvino" not in available_engines()
    assert why_not("openvino", onnx.load(adding_file)) == "it is not installed (pip install openvino)"
    with pytest.raises(EngineError, match="engine 'openvino': it is not installed"):
        open_engine("openvino", b"")


@needs["c"]
def test_no_c_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("CC", raising=False)
    assert "c" not in available_engines()
    assert (why_not("c", onnx.ModelProto()) or "").startswith("there is no C compiler")


def test_a_broken_contract_is_none(adding_file: Path) -> None:
    model = onnx.load(adding_file)
    assert isinstance(readable_contract(model), Contract)
    model.metadata_props[0].value = "{"
    assert readable_contract(model) is None
