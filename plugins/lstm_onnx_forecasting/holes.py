"""Missing values of a window, filled in from known ones, in the graph: work and memory grow as the window does."""

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
    count, rows = _known_rows(known)
    return values.gather(1, rows.gather(1, count))


def nearest_known(values: Tensor, known: Tensor) -> Tensor:
    """Fill in what is missing with the known value that is nearest, the older of two as near.

    Args:
        values: (batch, time, target).
        known: (batch, time, target), 1 where a value is known, else 0.

    Returns:
        (batch, time, target).
    """
    count, rows = _known_rows(known)
    at = torch.arange(known.shape[1], device=known.device)[None, :, None]
    most = count[:, -1:]
    after = torch.minimum(count + 1, most)
    older, newer = rows.gather(1, count), rows.gather(1, after)
    is_newer = (count == 0) | ((after > count) & (newer - at < at - older))
    return values.gather(1, torch.where(is_newer, newer, older))


def _known_rows(known: Tensor) -> tuple[Tensor, Tensor]:
    """How many values are known up to each row, and in which row each of them is; both (batch, time, target).

    The latter has a row more, as it is counted from 1; what it says beyond their number means nothing.
    """
    there = known.to(torch.int64)
    count = there.cumsum(dim=1)
    at = torch.arange(known.shape[1], device=known.device)[None, :, None]
    none = torch.zeros_like(torch.cat([count, count[:, :1]], dim=1))
    return count, none.scatter_add(1, count * there, at * there)
