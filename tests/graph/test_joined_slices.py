"""What was joined is not parted again, and what is computed stays the same bits."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.contract import Array, Axis, TensorSpec
from lstm_onnx.graph.joined_slices import shorten_slices
from lstm_onnx.graph.torch_export import to_onnx
from lstm_onnx.task import GraphSpec

X = np.array([[-1e3, -20.0, -0.5, 0.0], [19.5, 20.5, 100.0, 1e6]], dtype=np.float32)


class Parted(nn.Module):
    """Joins two parts, and takes the first, the last, or some of both."""

    def __init__(self, begin: int, end: int) -> None:
        super().__init__()
        self.begin, self.end = begin, end

    def forward(self, x: Tensor) -> Tensor:
        joined = torch.cat([x * 2, functional.softplus(x)], dim=1)
        return joined[:, self.begin : self.end] + 1


def exported(module: Parted) -> onnx.ModelProto:
    x = TensorSpec(name="x", dtype="float32", dims=("batch", "column"), meaning="numbers")
    y = x.model_copy(update={"name": "y", "dims": ("batch", "some")})
    sizes = {"column": 4, "some": module.end - module.begin}
    axes = {"batch": Axis(meaning="rows")} | {name: Axis(size=size, meaning="columns") for name, size in sizes.items()}
    graph = GraphSpec(module=module, inputs=(x,), outputs=(y,), axes=axes, description="test")
    return to_onnx(graph, {"x": X})


def answer(model: onnx.ModelProto) -> Array:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": X})[0])


@pytest.mark.parametrize("begin, end, left", [(0, 4, {"Mul", "Add"}), (4, 8, {"Softplus", "Add"})])
def test_a_whole_part_is_read_itself(begin: int, end: int, left: set[str]) -> None:
    module = Parted(begin, end)
    model = exported(module)
    assert {node.op_type for node in model.graph.node} == left
    np.testing.assert_allclose(answer(model), module(torch.from_numpy(X)).numpy(), rtol=1e-6)


def test_some_of_both_is_sliced() -> None:
    module = Parted(3, 6)
    model = exported(module)
    assert {node.op_type for node in model.graph.node} == {"Mul", "Softplus", "Concat", "Slice", "Add"}
    assert shorten_slices(model) == 0
    np.testing.assert_allclose(answer(model), module(torch.from_numpy(X)).numpy(), rtol=1e-6)
