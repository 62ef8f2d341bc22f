"""What each part of an input adds to an answer, by hiding parts: one at a time (occlusion), or fairly shared (Shapley).

Knows nothing of models: `value_of` says what the answer is worth when only some parts are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kept = NDArray[np.bool_]
ValueOf = Callable[[Kept], Floats]
"""From rows of parts that are kept, (row, part), to the value of the answer of each row."""
_EXACT = 7
"""So few parts are shared out over all their subsets."""


@dataclass(frozen=True)
class Shares:
    """What the parts add; the sum of `shapley` is `value` - `hidden`.

    Attributes:
        value: of the answer with all parts.
        hidden: of the answer with none.
        occlusion: (part,) how far the value falls when this part alone is hidden.
        shapley: (part,) what the part adds, averaged over orders in which parts come in.
        error: (part,) standard error of `shapley`; 0 where it is exact.
    """

    value: float
    hidden: float
    occlusion: Floats
    shapley: Floats
    error: Floats


def occlusion(value_of: ValueOf, parts: int) -> Floats:
    """Return how far the value falls when each part alone is hidden, (part,)."""
    kept = np.concatenate([np.ones((1, parts), dtype=np.bool_), ~np.eye(parts, dtype=np.bool_)])
    values = value_of(kept)
    drops: Floats = values[0] - values[1:]
    return drops


def shares(value_of: ValueOf, parts: int, orders: int, random: np.random.Generator) -> Shares:
    """Share an answer out among parts.

    Parts come in one after the other, in `orders` random orders; what the value gains as a part comes in is averaged
    (Castro, Gómez and Tejada 2009). Each order is taken backwards too, which takes the noise of two parts that only act
    together (Mitchell et al. 2022). A few parts are shared out exactly, over all subsets.

    Args:
        value_of: what the answer is worth.
        parts: how many there are.
        orders: to draw, rounded up to an even number; the error falls with its square root.
        random: draws them.
    """
    alone = occlusion(value_of, parts)
    if parts <= _EXACT:
        value, hidden, exact = _exact(value_of, parts)
        return Shares(value, hidden, alone, exact, np.zeros(parts))
    drawn = [random.permutation(parts) for _ in range((orders + 1) // 2)]
    gains = np.empty((len(drawn), parts))
    for row, order in enumerate(drawn):
        forth, back = (_gains(value_of, way) for way in (order, order[::-1]))
        gains[row] = (forth + back) / 2
    ends = value_of(np.array([[True] * parts, [False] * parts]))
    error = gains.std(axis=0, ddof=1) / np.sqrt(len(drawn)) if len(drawn) > 1 else np.full(parts, np.nan)
    return Shares(float(ends[0]), float(ends[1]), alone, gains.mean(axis=0), error)


def _gains(value_of: ValueOf, order: NDArray[np.int64]) -> Floats:
    """Return what each part adds as it comes in, in this order."""
    parts = len(order)
    rank = np.empty(parts, dtype=np.int64)
    rank[order] = np.arange(parts)
    values = value_of(rank[None] < np.arange(parts + 1)[:, None])
    gains = np.empty(parts)
    gains[order] = np.diff(values)
    return gains


def _exact(value_of: ValueOf, parts: int) -> tuple[float, float, Floats]:
    """Return the value of all parts, that of none, and Shapley's value over all 2^parts subsets."""
    subsets = np.arange(2**parts)
    kept = (subsets[:, None] >> np.arange(parts)) & 1 == 1
    values = value_of(kept)
    sizes = kept.sum(axis=1)
    # weight of a subset without the part: |S|! (n - |S| - 1)! / n!
    weights = 1 / (parts * np.array([comb(parts - 1, s) for s in range(parts)]))
    found = np.empty(parts)
    for part in range(parts):
        without = subsets[~kept[:, part]]
        found[part] = (weights[sizes[without]] * (values[without | (1 << part)] - values[without])).sum()
    return float(values[-1]), float(values[0]), found
