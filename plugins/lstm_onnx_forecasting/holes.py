"""Missing values of a window, filled in from known ones, in the graph: work and memory grow as the window does."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def filled(rows: Tensor, last: Tensor, season: int = 0) -> tuple[Tensor, Tensor]:
    """Fill in what is missing: with the value one season before, else with the newest known value before it.

    What lies before all known values takes the oldest of them.

    Args:
        rows: (batch, time, 2 * target), values, and then 1 where each is known, else 0.
        last: what stands everywhere if nothing is known, (batch, 1, target).
        season: rows; 0 for none.

    Returns:
        the values, and how many up to each row did not take a later one's; both (batch, time, target).
    """
    values, known = rows.chunk(2, dim=2)
    if season:
        older, older_known = functional.pad(rows[:, :-season], (0, 0, season, 0)).chunk(2, dim=2)
        values, known = torch.where(known > 0, values, older), torch.maximum(known, older_known)
    there = functional.pad(known, (0, 0, 0, 1), value=1.0).to(torch.int64)
    count = there.cumsum(dim=1)
    at = torch.arange(there.shape[1], device=there.device)[None, :, None]
    place = (count - 1).clamp(min=0)  # of the newest known row among the known ones
    known_rows = (there - there).scatter_add(1, place, there * at)
    whole = torch.cat([values, last], dim=1).gather(1, known_rows.gather(1, place))
    return whole[:, :-1], count[:, :-1]
