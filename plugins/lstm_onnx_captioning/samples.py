"""Made-up pictures, for tracing, verification and golden examples: scenes or, where those have no room, discs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lstm_onnx.contract import Array
from lstm_onnx.task import GraphSpec
from lstm_onnx_captioning.scenes import scenes, share_out

_ROOM = 16
"""Pixels of a side that a scene needs."""


def sample(graph: GraphSpec, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    """Draw pictures of the given size; as the torch part takes them, from 0 to 1 or as maps of features."""
    random = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for tensor in graph.inputs:
        shape = tuple(graph.axes[d].size or sizes[d] for d in tensor.dims)
        if tensor.dtype == "uint8":
            found[tensor.name] = np.stack([_picture(shape[1], shape[2], random) for _ in range(shape[0])])
        else:
            found[tensor.name] = random.standard_normal(shape).astype(np.float32)
    return found


def _picture(height: int, width: int, random: np.random.Generator) -> Array:
    if min(height, width) < _ROOM:
        return _discs(height, width, random)
    side = max(height, width)
    ((scene, _),) = scenes(1, share_out(random)[0], side, random)
    top, left = (side - height) // 2, (side - width) // 2
    return scene[top : top + height, left : left + width]


def _discs(height: int, width: int, random: np.random.Generator) -> Array:
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    corners = random.uniform(0, 255, (3, 3))
    canvas = corners[0] + y[..., None] * (corners[1] - corners[0]) + x[..., None] * (corners[2] - corners[0])
    for _ in range(random.integers(1, 4)):
        centre, radius = random.uniform(0.1, 0.9, 2), random.uniform(0.1, 0.3)
        canvas[(y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius**2] = random.uniform(0, 255, 3)
    noisy = canvas + random.normal(0, 4, canvas.shape)
    pixels: Array = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    return pixels
