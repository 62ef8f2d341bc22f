"""An `.onnx` that points at other files is refused before any runtime sees it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lstm_onnx as lo
from lstm_onnx.data.outside_data import refuse_outside_data
from lstm_onnx.verification.verify import verify

EXPORTED = Path(__file__).parents[2] / "exported"


def pointing(tensor: TensorProto, to: str) -> TensorProto:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", to
    return tensor


def model_of(nodes: list[onnx.NodeProto], weights: list[TensorProto], functions=()) -> onnx.ModelProto:
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "g", [value("x", TensorProto.FLOAT, [2])], [value("y", TensorProto.FLOAT, [2])], weights
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8, functions=functions)


def add(name: str = "w") -> onnx.NodeProto:
    return helper.make_node("Add", ["x", name], ["y"])


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    np.array([1, 2], np.float32).tofile(tmp_path / "secret.bin")
    monkeypatch.chdir(tmp_path)
    return "secret.bin"


def weight(name: str = "w") -> TensorProto:
    return numpy_helper.from_array(np.array([1, 2], np.float32), name)


def in_initializer(to: str) -> onnx.ModelProto:
    return model_of([add()], [pointing(weight(), to)])


def in_constant(to: str) -> onnx.ModelProto:
    return model_of([helper.make_node("Constant", [], ["w"], value=pointing(weight(), to)), add()], [])


def in_branch(to: str) -> onnx.ModelProto:
    out = helper.make_tensor_value_info("w", TensorProto.FLOAT, [2])
    branch = helper.make_graph([helper.make_node("Constant", [], ["w"], value=pointing(weight(), to))], "b", [], [out])
    yes = numpy_helper.from_array(np.array(True), "yes")
    node = helper.make_node("If", ["yes"], ["v"], then_branch=branch, else_branch=branch)
    return model_of([node, add("v")], [yes])


def in_function(to: str) -> onnx.ModelProto:
    inside = helper.make_node("Constant", [], ["w"], value=pointing(weight(), to))
    opset = [helper.make_opsetid("", 18)]
    function = helper.make_function("mine", "F", [], ["w"], [inside], opset)
    model = model_of([helper.make_node("F", [], ["w"], domain="mine"), add()], [], [function])
    model.opset_import.append(helper.make_opsetid("mine", 1))
    return model


@pytest.mark.parametrize("make", [in_initializer, in_constant, in_branch, in_function])
def test_weights_elsewhere_are_never_followed(make, secret: str, tmp_path: Path) -> None:
    path = tmp_path / "foreign.onnx"
    path.write_bytes(make(secret).SerializeToString())
    with pytest.raises(lo.UserError, match=r"foreign\.onnx: keeps weights in another file, which is never followed"):
        lo.load(path)
    report = verify(path)
    assert not report.passed
    assert "keeps weights in another file" in report.checks[0].detail


def test_whole_files_pass(tmp_path: Path) -> None:
    for path in sorted(EXPORTED.glob("*.onnx")):
        refuse_outside_data(path.read_bytes(), path)


@pytest.mark.parametrize(
    "content", [b"\xff" * 40, b"\x3a\x7f\x08", b"\x00" * 9 + b"\x07", (b"\x3a\x80\x80\x04" * 3)[:9]]
)
def test_what_is_no_model_is_refused_in_a_line(content: bytes) -> None:
    with pytest.raises(lo.UserError, match="is no ONNX file, or a damaged one"):
        refuse_outside_data(content, "x.onnx")


def test_nesting_without_end_is_refused() -> None:
    def varint(n: int) -> bytes:
        return bytes([n & 0x7F | 0x80, *varint_tail(n >> 7)]) if n > 0x7F else bytes([n])

    def varint_tail(n: int) -> bytes:
        return varint(n)

    inner = b""
    for _ in range(300):  # graph in attribute in node, for ever
        for key in (0x32, 0x2A, 0x0A):
            inner = bytes([key]) + varint(len(inner)) + inner
    with pytest.raises(lo.UserError, match="nested too deeply"):
        refuse_outside_data(b"\x3a" + varint(len(inner)) + inner, "x.onnx")
