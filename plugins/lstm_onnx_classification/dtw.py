"""Dynamic time warping (Sakoe and Chiba 1978), one sequence against many at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def distances(query: Floats, known: Sequence[Floats]) -> Floats:
    """Return the squared DTW distance of `query` (time, channel) to each sequence (its time, channel), unconstrained.

    All channels are warped together. The matrix is walked by anti-diagonals: the cells of one depend only on the two
    before, so that all of them, in all matrices, are one NumPy operation.
    """
    rows, columns = len(query), max(len(k) for k in known)
    padded = np.zeros((len(known), columns, query.shape[1]))
    for target, one in zip(padded, known, strict=True):
        target[: len(one)] = one
    ends = np.array([len(k) for k in known]) - 1
    found = np.empty(len(known))
    # cell (i, j) of diagonal d = i + j stands at place i + 1; place 0 is the border
    before = last = np.full((len(known), rows + 1), np.inf)
    for d in range(rows + columns - 1):
        low, high = max(0, d - columns + 1), min(rows - 1, d)
        i = np.arange(low, high + 1)
        cost = np.square(query[i] - padded[:, d - i]).sum(axis=2)
        current = np.full_like(last, np.inf)
        steps = np.minimum(np.minimum(last[:, i], last[:, i + 1]), before[:, i])
        current[:, i + 1] = cost + (steps if d else 0.0)
        done: Any = np.flatnonzero(ends == d - (rows - 1))
        found[done] = current[done, rows]
        before, last = last, current
    return found
