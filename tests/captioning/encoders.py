"""A frozen encoder for tests: the mean colour of each quarter of a picture."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def save_encoder(path: Path, size: int) -> Path:
    """Write an encoder of pictures of `size` pixels, an even number, to maps of 3 channels, 2 rows and 2 columns."""
    half = size // 2
    node = helper.make_node("AveragePool", ["picture"], ["features"], kernel_shape=[half, half], strides=[half, half])
    graph = helper.make_graph(
        [node],
        "quarters",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["batch", 3, size, size])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 3, 2, 2])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)
    return path
