"""Where nodes run: what ONNX Runtime says on the CPU, and what is made of it on providers that are not here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from lstm_onnx.graph.model_file import readable_contract
from lstm_onnx.verification import provider_placement as module
from lstm_onnx.verification.provider_placement import (
    check_placement,
    describe_placement,
    fallen_back,
    placement,
    read_profile,
    shape_nodes,
)
from lstm_onnx.verification.report import ProviderError

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


@pytest.fixture(scope="module")
def model() -> onnx.ModelProto:
    """An LSTM with what stands around one: a shape that becomes a mask, an integer remainder, a matrix product."""
    nodes = [
        helper.make_node("Shape", ["x"], ["shape"], "Shape", start=0, end=1),
        helper.make_node("Squeeze", ["shape"], ["time"], "Squeeze"),
        helper.make_node("Range", ["zero", "time", "one"], ["steps"], "Range"),
        helper.make_node("Less", ["steps", "lengths"], ["valid"], "mask/Less"),
        helper.make_node("Mod", ["lengths", "one"], ["rest"], "clock/Mod"),
        helper.make_node("LSTM", ["x", "W", "R"], ["", "last"], "encoder/LSTM", hidden_size=2),
        helper.make_node("MatMul", ["last", "V"], ["y"], "head/MatMul"),
    ]
    scalars = [numpy_helper.from_array(np.array(k), name) for k, name in enumerate(("zero", "one"))]
    shapes = {"W": (1, 8, 3), "R": (1, 8, 2), "V": (2, 1)}
    weights = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in shapes.items()]
    value = helper.make_tensor_value_info
    inputs = [value("x", TensorProto.FLOAT, ["t", 1, 3]), value("lengths", TensorProto.INT64, [1])]
    outputs = [value("y", TensorProto.FLOAT, [1, 1, 1]), value("valid", TensorProto.BOOL, ["t"])]
    outputs.append(value("rest", TensorProto.INT64, [1]))
    graph = helper.make_graph(nodes, "made up", inputs, outputs, [*scalars, *weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_on_the_cpu_every_node_is_there(adding_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = adding_file.read_bytes()
    graph = onnx.load_model_from_string(content)
    contract = readable_contract(graph)
    assert contract is not None
    inputs = {name: values.array() for name, values in contract.examples[0].inputs.items()}
    assigned = placement(content, "cpu", inputs)
    assert list(assigned) == [CPU]
    assert "lstm.layers.0.0/LSTM" in assigned[CPU]
    count = len(assigned[CPU])
    assert check_placement(content, "cpu", inputs) == f"{count} of {count} nodes on cpu"
    asked = "get_provider_graph_assignment_info"
    for owner in [kind for kind in ort.InferenceSession.__mro__ if asked in vars(kind)]:
        monkeypatch.delattr(owner, asked)  # as in an older ONNX Runtime
    profiled = placement(content, "cpu", inputs)
    assert list(profiled) == [CPU]
    assert {"lstm.layers.0.0/LSTM", "head/Gemm"} <= set(profiled[CPU])


@pytest.mark.skipif(CUDA in ort.get_available_providers(), reason="CUDA is here")
def test_a_provider_that_is_not_here(model: onnx.ModelProto) -> None:
    with pytest.raises(ProviderError, match="cannot run on cuda: this build of ONNX Runtime does not have it"):
        check_placement(model.SerializeToString(), "cuda", {})


def test_nodes_that_compute_shapes_belong_on_the_cpu(model: onnx.ModelProto) -> None:
    assert shape_nodes(model) == {"Shape", "Squeeze", "Range"}
    on_cpu = ["Shape", "Squeeze", "Range", "Memcpy_token_1"]
    placed = {CPU: on_cpu, CUDA: ["mask/Less", "clock/Mod", "encoder/LSTM", "head/MatMul"]}
    assert fallen_back(model, placed, "cuda") == []
    assert fallen_back(model, placed, "cpu") == []
    assert describe_placement(model, placed, "cuda") == "4 of 8 nodes on cuda, 4 that handle shapes or copy elsewhere"


def test_a_light_node_that_fell_back_is_told(model: onnx.ModelProto) -> None:
    placed = {CPU: ["Shape", "Squeeze", "clock/Mod"], CUDA: ["Range", "mask/Less", "encoder/LSTM", "head/MatMul"]}
    assert describe_placement(model, placed, "cuda") == (
        "4 of 7 nodes on cuda, 2 that handle shapes or copy elsewhere; fell back to the CPU: clock/Mod"
    )


@pytest.mark.parametrize("heavy", ["encoder/LSTM", "head/MatMul", "FusedMatMul/MatMul"])
def test_a_heavy_node_that_fell_back_is_a_failure(model: onnx.ModelProto, heavy: str) -> None:
    with pytest.raises(ProviderError, match=rf"^{heavy}: fell back from cuda to the CPU without a word$"):
        describe_placement(model, {CPU: ["Shape", heavy], CUDA: ["mask/Less"]}, "cuda")


def test_nothing_runs_where_it_was_asked_to(model: onnx.ModelProto) -> None:
    with pytest.raises(ProviderError, match="none of its 2 nodes runs on cuda"):
        describe_placement(model, {CPU: ["Shape", "head/MatMul"]}, "cuda")


def test_a_profile_is_read_once_per_node() -> None:
    def event(name: str, provider: str, category: str = "Node") -> dict[str, object]:
        return {"cat": category, "name": name, "args": {"provider": provider, "op_name": "LSTM"}}

    events = [
        event("a/LSTM_kernel_time", CUDA),
        event("a/LSTM_kernel_time", CUDA),
        event("_kernel_time", CPU),
        event("a/LSTM_fence_before", CPU),
        event("model_run", CPU, "Session"),
    ]
    assert read_profile(events) == {CUDA: ["a/LSTM"], CPU: ["LSTM"]}


def test_a_file_that_does_not_load() -> None:
    with pytest.raises(ProviderError, match="does not load on cpu"):
        module.placement(b"nothing", "cpu", {})
