"""The Theta forecast of a window, as a constant matrix that stands in the graph.

Assimakopoulos and Nikolopoulos 2000, which won the M3 competition, in the form of Hyndman and Billah 2003: simple
exponential smoothing with half of the slope of a straight line. With a fixed smoothing constant, all of it is linear in
the window, the season that is taken out before and put back after, too.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

SMOOTHING = 0.7
"""Weight of the newest value; of 0.5 and 0.7 the better on 7 of 9 sets of competitions, without their test parts."""

Matrix = NDArray[np.float64]


def theta_matrix(window: int, season: int, horizon: int) -> Tensor:
    """Return what a window is multiplied by: (window, horizon), each column sums to 1.

    Args:
        window: rows, all of them known; with fewer than two seasons, the answer goes up and down by the newest one.
        season: rows in a season; 1 for none.
        horizon: steps ahead.
    """
    rows = np.eye(window)  # a window is `rows @ values`: what follows does to them what is to be done to values
    ahead = np.arange(1, horizon + 1)
    swing = _swing(window, season)
    level = rows - swing[(np.arange(window) - window) % len(swing)]
    smooth, slope = _smoothed(level), _slope(window) @ level / 2
    # the smoothed value lags (1 - a) / a steps behind a straight line
    line = smooth + np.outer(ahead + (1 - SMOOTHING) / SMOOTHING, slope)
    return torch.tensor((line + swing[(ahead - 1) % len(swing)]).T, dtype=torch.float32)


def _swing(window: int, season: int) -> Matrix:
    """How far each phase is from the mean of its season, (season, window): mean of whole seasons, next step first."""
    count = window // season
    if season == 1 or not count:
        return np.zeros((1, window))
    seasons = np.eye(window)[window - count * season :].reshape(count, season, window)
    apart: Matrix = (seasons - seasons.mean(axis=1, keepdims=True)).mean(axis=0)
    return apart


def _smoothed(rows: Matrix) -> Matrix:
    """Simple exponential smoothing that begins at the oldest row."""
    level: Matrix = rows[0]
    for row in rows[1:]:
        level = level + SMOOTHING * (row - level)
    return level


def _slope(window: int) -> Matrix:
    """What values are multiplied by for the slope of their straight line by least squares."""
    at = np.arange(window, dtype=np.float64) - (window - 1) / 2
    slope: Matrix = at / max(float(at @ at), 0.5)  # of two rows 0.5; one has no slope
    return slope
