"""Plain C with int8 weights: half the flash, the answers of the judged model, and a refusal where they move."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from lstm_onnx.embedding.generate import embed
from lstm_onnx.errors import UserError
from lstm_onnx.graph.c_bytes import with_bytes
from lstm_onnx.graph.int8_rounding import multiples
from lstm_onnx.inference.model import load
from lstm_onnx.verification.verify import verify
from tests.embedding.harness import ROOT, TARGETS
from tests.embedding.test_bare_c import need, on_cortex_m4, sh
from tests.embedding.test_memory import FLAGS

pytest.importorskip("emx_onnx_cgen")
pytestmark = pytest.mark.skipif("bare-c" not in TARGETS, reason="another target is asked for")

INT8 = {"weights": "int8"}


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory):
    """The streaming forecaster in int8."""
    return embed(
        ROOT / "exported" / "traffic-streaming.onnx", "bare-c", tmp_path_factory.mktemp("int8") / "out", settings=INT8
    )


def test_int8_passes_the_self_test_of_its_own_answers(stream) -> None:
    need("make", "gcc", "clang")
    sh("make CC=clang CFLAGS=-O0", stream.folder)
    sh(f"make -B CC=gcc CFLAGS='-O0 {FLAGS}'", stream.folder)
    assert "self-test passed" in sh(stream.commands["self-test"][0], stream.folder)
    note = next(n for n in stream.notes if "int8" in n)
    moved = re.search(
        r"6,944 weights of LSTMs and products are int8, which moves the golden answers by ([\d.]+)%", note
    )
    assert moved is not None
    assert 0 < float(moved[1]) < 1


def test_a_byte_that_is_wrong_fails_the_self_test(stream, tmp_path: Path) -> None:
    need("cc", "make")
    folder = tmp_path / "out"
    sh(f"cp -r {stream.folder} {folder}", tmp_path)
    source = folder / "traffic_streaming.c"
    good = source.read_text()
    source.write_text(re.sub(r"(lstm_0_hidden_scale\[\d+\] = \{\n *)(\S+)f,", r"\1 2 * \2f,", good, count=1))
    assert source.read_text() != good
    with pytest.raises(AssertionError, match="FAILED"):
        sh("make -B CFLAGS=-O0 && ./traffic_streaming --self-test", folder)


def test_the_model_beside_it_answers_as_the_code_does(stream) -> None:
    beside, before = load(stream.folder / "model-int8.onnx"), load(ROOT / "exported" / "traffic-streaming.onnx")
    example = beside.require_contract().examples[0]
    inputs = {name: values.array() for name, values in example.inputs.items()}
    rounded, whole = beside.run(inputs)["quantiles"], before.run(inputs)["quantiles"]
    np.testing.assert_array_equal(rounded, example.outputs["quantiles"].array())
    assert not np.array_equal(rounded, whole)
    assert beside.require_contract().scores is None
    verify(stream.folder / "model-int8.onnx").raise_if_failed()


def test_flash_is_half_on_a_cortex_m4_and_the_self_test_passes(stream, models, tmp_path: Path) -> None:
    need("arm-none-eabi-gcc", "arm-none-eabi-size", "qemu-system-arm")
    whole = embed(models["traffic-streaming"], "bare-c", tmp_path / "out")
    size = (
        "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -std=c99 -Os -c traffic_streaming.c -o m.o && arm-none-eabi-size m.o"
    )
    int8, float32 = (int(sh(size, w.folder).splitlines()[1].split()[0]) for w in (stream, whole))
    assert int8 < 0.6 * float32
    assert "0 of 4 failed" in on_cortex_m4(stream)


def test_answers_that_move_too_far_are_refused(models, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"move by 0\.\d+%, more than 0.001%; leave --set weights=int8 out"):
        embed(models["traffic-streaming"], "bare-c", tmp_path / "out", settings={**INT8, "moved": "0.001"})
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_weights_to_keep_so_is_refused(models, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no LSTM and no product of 256 weights"):
        embed(models["series"], "bare-c", tmp_path / "out", settings=INT8)
    with pytest.raises(UserError, match="int8 weights are for one row at a time"):
        embed(models["series"], "bare-c", tmp_path / "out", settings={**INT8, "batch": "4"})


def test_multiples_are_rounded_to_themselves() -> None:
    weights = np.random.default_rng(3).normal(size=(2, 20, 7)).astype(np.float32)
    weights[0, 0] = 0
    whole, scale = multiples(weights, axis=2)
    assert np.abs(whole).max() == 127
    assert np.abs(whole * scale - weights).max() <= 0.5001 * scale.max()
    again, same = multiples(whole * scale, axis=2)
    np.testing.assert_array_equal(again, whole)
    np.testing.assert_allclose(same, scale, rtol=1e-6)


def _product(values: str, op: str = "MatMul") -> str:
    return (
        f"extern const float w[16][16];\n\n/*\n * Node 0:\n * OpType: {op}\n */\n"
        "EMX_NODE_FN void node0(const float input0[1][16], const float input1[16][16], float output[1][16]) {\n}\n"
        f"const EMX_UNUSED float w[16][16] = {{\n    {values}\n}};\n\nvoid model() {{\n    node0(x, w, y);\n}}\n"
    )


@pytest.mark.parametrize(
    ("last", "op", "kept"), [("-0x1.fcp+6f", "MatMul", True), ("0.5f", "MatMul", False), ("-0x1.fcp+6f", "Add", False)]
)
def test_only_whole_weights_of_products_become_bytes(last: str, op: str, kept: bool) -> None:
    text = _product(", ".join(["0x1.0p+1f", "0.0f"] * 127 + ["1.0f", last]), op)
    made = with_bytes(text)
    assert (made != text) == kept
    if kept:
        assert "int8_t w[16][16] = {\n    2, 0, 2" in made
        assert "1, -127\n};" in made
        assert "const int8_t input1[16][16]" in made
        assert made.count("int8_t") == 3


def test_the_judged_model_has_whole_multiples(stream) -> None:
    model = onnx.load(stream.folder / "model-int8.onnx")
    stored = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    products = [a for name, a in stored.items() if name.endswith("_int8")]
    assert products
    assert all(np.array_equal(a, np.round(a)) and np.abs(a).max() == 127 for a in products)
