"""Half-precision weights: half the file, the same arithmetic in float32.

The weights of the PyTorch module are rounded to float16 first, and the graph is exported from that. So the file and
PyTorch still compute the same, within the usual tolerance; what rounding costs is measured apart, by the task's metric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from torch import nn

SMALLEST = 256
"""Elements that a weight must have to be stored in half: below, the node that converts it costs more than it saves."""


def round_weights(module: nn.Module) -> None:
    """Round every parameter of `SMALLEST` elements or more to float16 in place; one beyond its range is left alone."""
    import torch

    with torch.no_grad():
        for parameter in module.parameters():
            half = parameter.to(torch.float16).to(parameter.dtype)
            if parameter.numel() >= SMALLEST and bool(torch.isfinite(half).all()):
                parameter.copy_(half)


def store_half(model: onnx.ModelProto) -> int:
    """Store as float16, with a Cast to float32 behind it, each large weight for which that loses nothing.

    Returns:
        How many weights were changed.
    """
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST:
            continue
        full = numpy_helper.to_array(tensor)
        with np.errstate(over="ignore"):
            half = full.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), full):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], name=f"{name}/Cast", to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return len(casts)
