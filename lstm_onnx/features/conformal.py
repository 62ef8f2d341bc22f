"""Quantiles that hold: moved by what validation data says of them (conformalized quantile regression).

Romano, Patterson and Candès (2019), each level by itself, as they do for asymmetric intervals: a quantile is moved by
the same quantile of the truths' distances from it, on examples that were not learnt from. Distances are in the scaled
units of each example, so that a lively series gets more than a calm one.

Their guarantee is for examples that do not depend on each other; of overlapping windows, many say the same. What makes
up for the sample being small, (n + 1) / n, is therefore taken of the windows that do not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lstm_onnx.features.enough import enough


def corrections(gaps: Tensor, apart: Tensor, known: Tensor, levels: Sequence[float], independent: int) -> Tensor:
    """Return what to add to the gaps between quantiles, (horizon, target, quantile), so that each level holds.

    Quantiles are sums of gaps, from the point forecast outwards: the first gap is set, then the next beyond it.

    Args:
        gaps: positive, (example, horizon, target, quantile): how far each quantile is beyond the one before it.
        apart: truth minus point forecast, scaled, (example, horizon, target).
        known: whether the truth is known, like `apart`.
        levels: of the quantiles, ascending; 0.5 is the point forecast and stays.
        independent: how many examples say something of their own.
    """
    found = gaps.new_zeros(gaps.shape[1:])
    above = [i for i, level in enumerate(levels) if level > 0.5]
    below = [i for i, level in reversed(list(enumerate(levels))) if level < 0.5]
    for places, sign in ((above, 1.0), (below, -1.0)):
        reached = torch.zeros_like(apart)
        for i in places:
            if enough(levels[i], independent):
                outer = min(max(levels[i], 1 - levels[i]) * (independent + 1) / independent, 1.0)
                missed = sign * apart - reached - gaps[..., i]
                found[..., i] = _quantile(missed, known, outer)
            reached = reached + torch.relu(gaps[..., i] + found[..., i])
    return found


def reach(apart: Tensor, share: float) -> Tensor:
    """Return how far an interval reaches below and above an answer, (2,), so that it holds a share of truths.

    Split conformal prediction (Vovk and others 2005), each end by itself. Neither end passes the answer.

    Args:
        apart: truths minus answers of examples that were not learnt from, (example,).
        share: of truths, such as 0.9.
    """
    count, apart = len(apart), apart[torch.isfinite(apart)].double()
    level = min((1 + share) / 2 * (count + 1) / count, 1.0)
    ends = torch.stack([torch.quantile(-apart, level), torch.quantile(apart, level)])
    return ends.clamp(min=0).float()


def _quantile(values: Tensor, known: Tensor, level: float) -> Tensor:
    """Quantile over the first axis of the known values; of all steps together where a step has no known value."""
    hidden = torch.where(known, values, torch.full_like(values, torch.nan)).double()
    found = torch.nanquantile(hidden, level, dim=0)
    pooled = torch.nanquantile(hidden.flatten(0, 1), level, dim=0).expand_as(found)
    return torch.where(torch.isnan(found), pooled, found).nan_to_num().to(values.dtype)


def independent_windows(times_ahead: Tensor) -> int:
    """Count windows that do not overlap, as they stand: what each is about begins after the last one ended.

    Args:
        times_ahead: (example, horizon), of one series after the other; the next begins where times go back.
    """
    first, last = times_ahead[:, 0].tolist(), times_ahead[:, -1].tolist()
    count, begun, ended = 0, 0, 0
    for begin, end in zip(first, last, strict=True):
        if count == 0 or begin <= begun or begin > ended:
            count, begun, ended = count + 1, begin, end
    return count
