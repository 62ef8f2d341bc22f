"""A bag of word n-grams beside the LSTM: what a linear model on counts is good at, learnt with the rest.

Each n-gram is hashed into a table of vectors (Joulin and others 2017) by adding up random numbers of its words, one set
of numbers for each place, so that order counts; sums stay below 2**24, where even runtimes that take remainders of
integers in float32 are exact.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx_classification.pooling import valid_steps

BUCKETS = 2**16
"""Vectors for the n-grams of each order above 1."""


class NgramBranch(nn.Module):
    """Adds up the vectors of all n-grams of a text, over the root of their number.

    Args:
        count: how many numbers of words there are.
        orders: lengths of n-grams, such as 1 and 2.
        size: of a vector.
    """

    codes: Tensor

    def __init__(self, count: int, orders: tuple[int, ...], size: int) -> None:
        super().__init__()
        self.orders, self.size = orders, size * len(orders)
        rows = [count if order == 1 else BUCKETS for order in orders]
        tables = [nn.Embedding(n, size) for n in rows]
        for table in tables:
            nn.init.normal_(table.weight, std=0.01)
        self.tables = nn.ModuleList(tables)
        drawn = np.random.default_rng(2017).integers(0, BUCKETS, size=(max(orders), count), dtype=np.int64)
        self.register_buffer("codes", torch.from_numpy(drawn), persistent=False)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, size) from the numbers of words (batch, word)."""
        found = []
        for order, table in zip(self.orders, self.tables, strict=True):
            vectors = table(self._hashed(tokens, order))  # (batch, word, size), by the first word of each n-gram
            count = (lengths - (order - 1)).clamp(min=0)
            kept = vectors * valid_steps(vectors, count).to(vectors.dtype)
            found.append(kept.sum(dim=1) / count.clamp(min=1).unsqueeze(1).to(vectors.dtype).sqrt())
        return torch.cat(found, dim=1)

    def _hashed(self, tokens: Tensor, order: int) -> Tensor:
        if order == 1:
            return tokens
        size = tokens.shape[1]
        longer = functional.pad(tokens, (0, order - 1))
        parts = [functional.embedding(longer[:, k : k + size], self.codes[k].unsqueeze(1)) for k in range(order)]
        return torch.stack(parts).sum(dim=0).squeeze(2) % BUCKETS
