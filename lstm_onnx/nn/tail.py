"""Thresholds that a small share of scores exceeds."""

from __future__ import annotations

import math

import torch
from torch import Tensor

TAIL = 0.02
"""Share of the highest scores that say how the tail falls."""


def exceeded_by(scores: Tensor, share: float) -> Tensor:
    """Return what `share` of scores exceeds: from few scores, too, by a tail that falls exponentially.

    Peaks over threshold, as Siffer and others (2017) set thresholds for streams, with an exponential tail.

    Args:
        scores: (examples,), of what is normal.
        share: above 0, below 1; from `TAIL` on it is the plain quantile.
    """
    start = torch.quantile(scores, 1 - max(share, TAIL))
    above = scores[scores > start]
    if not len(above):
        return start
    return start + (above - start).mean() * math.log(max(share, TAIL) / share)
