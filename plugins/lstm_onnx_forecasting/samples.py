"""Plausible inputs of any size: for tracing, verification and golden examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from lstm_onnx.contract import Array, Step
from lstm_onnx.data.frequency import advance
from lstm_onnx.task import GraphSpec

if TYPE_CHECKING:
    from lstm_onnx_forecasting.model import Forecaster


def sample(graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    """Draw inputs of the size of the training data, and from the second example on some missing cells.

    Args:
        graph: whose inputs.
        sizes: of the free axes, `batch` and `time`.
        seed: the same seed gives the same inputs.
    """
    random = np.random.default_rng(seed)
    batch, time = sizes["batch"], sizes["time"]
    states = {s.input for s in graph.states}
    found: dict[str, Array] = {}
    for tensor in graph.inputs:
        shape = tuple(graph.axes[d].size or sizes[d] for d in tensor.dims)
        if tensor.name in states:
            found[tensor.name] = _state(tensor.name, random, shape)
        elif tensor.dtype == "int64":
            found[tensor.name] = _times(graph, random, batch, time)
        else:
            cells = _cells(graph, tensor.name, random, shape)
            missing = random.random(shape) < 0.1
            missing[0] = False
            if tensor.name == "values":
                missing[:, -1] = False  # every series has at least one known value
            found[tensor.name] = np.where(missing, np.nan, cells).astype(np.float32)
    return found


def _cells(graph: GraphSpec, name: str, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Numbers of the size that the graph scales down: a wrong scale must show."""
    forecaster = cast("Forecaster", getattr(graph.module, "forecaster", graph.module))
    if name != "values":
        scaler: Any = getattr(forecaster, f"{name}_scaler")
        return np.asarray(scaler.center.cpu().numpy() + random.normal(size=shape) / scaler.rate.cpu().numpy())
    walk = 0.1 * random.normal(size=shape) + 0.02 * random.normal(size=shape).cumsum(axis=1)
    scaler = forecaster.scaler
    if scaler.scaling == "global":
        cells = scaler.center.cpu().numpy() + 8 * walk * scaler.spread.cpu().numpy()
        return np.asarray(np.exp(cells) if scaler.log else cells)
    level = random.uniform(20, 2000, size=(len(walk), 1, 1))
    return np.asarray(np.maximum(level * (1 + walk), 0.1 * level))  # above 0: a logarithm has something to take


def _state(name: str, random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Memory as it may be in the middle of a stream; what counts known values is whole."""
    counts = name in ("recent_known_in", "known_in")
    cells = random.integers(0, 2, size=shape) if counts else random.uniform(-1, 1, size=shape)
    return cells.astype(np.float32)


def _times(graph: GraphSpec, random: np.random.Generator, batch: int, time: int) -> Array:
    """Times of the rows (batch, time): each example begins somewhere between 1980 and 2040."""
    step = (graph.table.step if graph.table else None) or Step(seconds=3600)
    begin = advance(np.zeros(1, np.int64), Step(months=1), random.integers(120, 840, size=batch))
    return advance(begin.reshape(batch, 1), step, np.arange(time))
