"""Plausible inputs of any size: for tracing, parity and golden examples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lstm_onnx.contract import Constants, Step
from lstm_onnx.frequency import advance
from lstm_onnx.task import Array, GraphSpec


def sample(graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    """Draw inputs: walks around a level of their own, and from the second example on some missing cells.

    Args:
        graph: whose inputs.
        sizes: of the free axes, `batch` and `time`.
        seed: the same seed gives the same inputs.
    """
    random = np.random.default_rng(seed)
    batch, time = sizes["batch"], sizes["time"]
    level = random.uniform(20, 2000, size=(batch, 1, 1))
    found: dict[str, Array] = {}
    for tensor in graph.inputs:
        shape = tuple(graph.axes[d].size or sizes[d] for d in tensor.dims)
        if tensor.dtype == "int64":
            found[tensor.name] = _times(graph, random, batch, time)
            continue
        if isinstance(tensor.source, Constants):
            cells = random.normal(size=shape)
        else:
            cells = level * (1 + 0.1 * random.normal(size=shape) + 0.02 * random.normal(size=shape).cumsum(axis=1))
            cells = np.maximum(cells, 0.1 * level)  # positive, so that a logarithm has something to take
        missing = random.random(shape) < 0.1
        missing[0] = False
        if tensor.name == "values":
            missing[:, -1] = False  # every series has at least one known value
        found[tensor.name] = np.where(missing, np.nan, cells).astype(np.float32)
    return found


def _times(graph: GraphSpec, random: np.random.Generator, batch: int, time: int) -> Array:
    """Times of the rows (batch, time): each example begins somewhere between 1980 and 2040."""
    step = (graph.table.step if graph.table else None) or Step(seconds=3600)
    begin = advance(np.zeros(1, np.int64), Step(months=1), random.integers(120, 840, size=batch))
    return advance(begin.reshape(batch, 1), step, np.arange(time))
