"""Missing values of a window, filled in from known ones, in the graph."""

from __future__ import annotations

import torch
from torch import Tensor


def carried_on(values: Tensor, known: Tensor) -> Tensor:
    """Fill in what is missing with the newest known value before it.

    Args:
        values: (batch, time, target).
        known: (batch, time, target), 1 where a value is known, else 0; the oldest is.

    Returns:
        (batch, time, target).
    """
    at = torch.arange(values.shape[1], device=values.device)
    # (time, time): a row that might fill in ranks by how new it is, and not at all where it is later
    rank = torch.where(at[None, :] <= at[:, None], at + 1, 0)[None, :, :, None].to(values.dtype)
    return values.gather(1, (rank * known.unsqueeze(1)).argmax(dim=2))


def nearest_known(values: Tensor, known: Tensor) -> Tensor:
    """Fill in what is missing with the known value that is nearest, the older of two as near.

    Args:
        values: (batch, time, target).
        known: (batch, time, target), 1 where a value is known, else 0.

    Returns:
        (batch, time, target).
    """
    at = torch.arange(values.shape[1], device=values.device)
    later = at[None, :] - at[:, None]  # (time, time): how much later a row is that might fill in
    near = torch.where(later > 0, -2 * later - 1, 2 * later)[None, :, :, None].to(values.dtype)  # no two are alike
    far = 2.0 * len(at) + 2
    best = ((near + far) * known.unsqueeze(1)).argmax(dim=2)
    return values.gather(1, best)
