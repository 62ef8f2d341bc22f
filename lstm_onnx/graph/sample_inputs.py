"""Inputs of any size for a graph: those that its task makes, and states as in the middle of a stream."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.task import AnyTask, GraphSpec


def sample_inputs(task: AnyTask, graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    """Return `task.sample`, with states that it leaves out drawn from -1 to 1, as hidden states are."""
    found = task.sample(graph, sizes, seed) if graph.sample is None else dict(graph.sample(sizes, seed))
    if graph.sample is not None:
        found = {t.name: found[t.name] for t in graph.inputs if t.name in found}
    random = np.random.default_rng(seed)
    missing = {s.input for s in graph.states} - found.keys()
    for t in graph.inputs:
        if t.name in missing:
            shape = [graph.axes[d].size or sizes[d] for d in t.dims]
            found[t.name] = random.uniform(-1, 1, size=shape).astype(t.dtype)
    return found
