"""How far two arrays are from each other, and where."""

from __future__ import annotations

import numpy as np

from lstm_onnx.contract import Array, Tolerance


def distance(got: Array, wanted: Array) -> tuple[float, float]:
    """Largest absolute difference, and largest relative to the largest number of its example; inf where NaNs differ."""
    if wanted.dtype.kind != "f":
        return (0.0, 0.0) if np.array_equal(got, wanted) else (float("inf"), float("inf"))
    difference = np.abs(_differences(got, wanted))
    if not difference.size:
        return 0.0, 0.0
    scale = _scale(wanted)
    relative = np.divide(difference, scale, out=np.where(difference > 0, np.inf, 0.0), where=scale > 0)
    return float(difference.max()), float(relative.max())


def worst(got: Array, wanted: Array, tolerance: Tolerance) -> tuple[int, ...] | None:
    """Index of the value that is furthest outside of the tolerance, if there is one."""
    if wanted.dtype.kind != "f":
        wrong = got != wanted
        return tuple(int(k) for k in np.argwhere(wrong)[0]) if np.any(wrong) else None
    excess = np.abs(_differences(got, wanted)) - (tolerance.atol + tolerance.rtol * _scale(wanted))
    if not excess.size or excess.max() <= 0:
        return None
    return tuple(int(k) for k in np.unravel_index(int(excess.argmax()), excess.shape))


def _differences(got: Array, wanted: Array) -> Array:
    """Element by element in float64; 0 where both are NaN or the same infinity, inf where only one is."""
    a, b = got.astype(np.float64), wanted.astype(np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        return np.where(same, 0.0, np.nan_to_num(a - b, nan=np.inf, posinf=np.inf, neginf=-np.inf))


def _scale(wanted: Array) -> Array:
    """Largest finite magnitude within each example (along the first axis), broadcastable to the array."""
    finite = np.where(np.isfinite(wanted), np.abs(wanted.astype(np.float64)), 0.0)
    largest: Array = finite.max(axis=tuple(range(1, finite.ndim)), keepdims=True, initial=0.0)
    return largest
