"""Runs a graph in PyTorch on NumPy arrays: the truth that every export is held against."""

from __future__ import annotations

import numpy as np
import torch

from lstm_onnx.contract import Array
from lstm_onnx.graph.subgraphs import run_after, run_before, torch_part
from lstm_onnx.task import Answer, Arrays, GraphSpec


def torch_reference(graph: GraphSpec) -> Answer:
    """Return a function that runs `graph`, in evaluation mode, on the device where the weights of its module are."""
    module, part = graph.module, torch_part(graph)
    device = next((p.device for p in module.parameters()), torch.device("cpu"))

    def answer(arrays: Arrays) -> dict[str, Array]:
        given = run_before(graph, arrays)
        inputs = {name: torch.from_numpy(np.ascontiguousarray(a)).to(device) for name, a in given.items()}
        was_training = module.training
        module.eval()
        with torch.inference_mode():
            outputs = module(**inputs)
        module.train(was_training)
        if not isinstance(outputs, tuple) or len(outputs) != len(part.outputs):
            names = ", ".join(t.name for t in part.outputs)
            told = f"a tuple of {len(outputs)}" if isinstance(outputs, tuple) else f"a {type(outputs).__name__}"
            raise TypeError(f"forward returned {told}; it must return a tuple of the outputs: {names}")
        found = {t.name: o.cpu().numpy() for t, o in zip(part.outputs, outputs, strict=True)}
        return run_after(graph, arrays, found)

    return answer
