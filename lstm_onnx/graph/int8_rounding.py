"""How weights are rounded to whole multiples of a scale, for every way of keeping them in int8 that is our own."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Floats = NDArray[np.float32]

FROZEN = 1e3
"""Weights beyond this are switches, not learned (`layers` shuts gates on padding with 1e4); they would take up the
whole scale of their gate, so what holds one stays as it is."""


def multiples(weights: Floats, axis: int | None) -> tuple[Floats, Floats]:
    """Round weights to whole multiples, -127 to 127, of a scale.

    What the multiples make is rounded to the same again.

    Args:
        weights: of any shape.
        axis: along which one scale counts; None for one scale in all.

    Returns:
        The multiples, and the scales, with 1 in the place of what they count for.
    """
    largest = np.abs(weights).max(axis=axis, keepdims=True)
    scale = np.where(largest > 0, largest / np.float32(127), np.float32(1)).astype(np.float32)
    return np.round(weights / scale), scale


def largest_weight(tensor: onnx.TensorProto) -> float:
    """Return the largest size of a weight; 0 where there is none."""
    return float(np.abs(numpy_helper.to_array(tensor)).max(initial=0.0))
