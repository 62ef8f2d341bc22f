"""Numbers of word n-grams: an n-gram is hashed by adding up random numbers of its words.

There is one set of numbers for each place, so that order counts; sums stay below 2**24, where even runtimes that take
remainders of integers in float32 are exact.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

BUCKETS = 2**16
"""Numbers for the n-grams of each order above 1, if not said otherwise."""


class NgramCodes(nn.Module):
    """Tells the numbers of n-grams.

    Args:
        count: how many numbers of words there are.
        orders: lengths of n-grams, such as 1 and 2.
        buckets: how many numbers there are for the n-grams of each order above 1.
    """

    codes: Tensor

    def __init__(self, count: int, orders: tuple[int, ...], buckets: int = BUCKETS) -> None:
        super().__init__()
        self.buckets = buckets
        drawn = np.random.default_rng(2017).integers(0, buckets, size=(max(orders), count), dtype=np.int64)
        self.register_buffer("codes", torch.from_numpy(drawn), persistent=False)

    def forward(self, tokens: Tensor, order: int) -> Tensor:
        """Return the number of the n-gram that begins at each word, (batch, word), from the numbers of words."""
        if order == 1:
            return tokens
        size = tokens.shape[1]
        longer = functional.pad(tokens, (0, order - 1))
        parts = [functional.embedding(longer[:, k : k + size], self.codes[k].unsqueeze(1)) for k in range(order)]
        return torch.stack(parts).sum(dim=0).squeeze(2) % self.buckets
