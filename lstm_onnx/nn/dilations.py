"""How far kernels of random convolutions are stretched. Knows no torch: reading data asks whether a kernel fits."""

from __future__ import annotations

import numpy as np

SPAN = 9
"""Weights of a kernel."""
MOST_DILATIONS = 8


def dilations(steps: int, each: int) -> list[tuple[int, int]]:
    """Return dilations, from 1 to as far as a kernel fits into `steps`, and how many thresholds a kernel has at each.

    Args:
        steps: of a usual sequence.
        each: thresholds of a kernel, all dilations together.
    """
    count = min(each, MOST_DILATIONS)
    farthest = np.log2(max((steps - 1) / (SPAN - 1), 1))
    found, times = np.unique(np.logspace(0, farthest, count, base=2).astype(int), return_counts=True)
    shared = times * each // count
    shared[: each - shared.sum()] += 1  # what is left over goes to the shortest
    return [(int(d), int(n)) for d, n in zip(found, shared, strict=True)]
