"""A bag of word n-grams beside the LSTM: what a linear model on counts is good at, learnt with the rest.

Each n-gram is hashed into a table of vectors (Joulin and others 2017); see `ngram_codes`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_onnx_classification.ngram_codes import BUCKETS, NgramCodes
from lstm_onnx_classification.pooling import valid_steps


class NgramBranch(nn.Module):
    """Adds up the vectors of all n-grams of a text, over the root of their number.

    Args:
        count: how many numbers of words there are.
        orders: lengths of n-grams, such as 1 and 2.
        size: of a vector.
    """

    def __init__(self, count: int, orders: tuple[int, ...], size: int) -> None:
        super().__init__()
        self.orders, self.size = orders, size * len(orders)
        rows = [count if order == 1 else BUCKETS for order in orders]
        tables = [nn.Embedding(n, size) for n in rows]
        for table in tables:
            nn.init.normal_(table.weight, std=0.01)
        self.tables = nn.ModuleList(tables)
        self.codes = NgramCodes(count, orders)

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return (batch, size) from the numbers of words (batch, word)."""
        found = []
        for order, table in zip(self.orders, self.tables, strict=True):
            vectors = table(self.codes(tokens, order))  # (batch, word, size), by the first word of each n-gram
            count = (lengths - (order - 1)).clamp(min=0)
            kept = vectors * valid_steps(vectors, count).to(vectors.dtype)
            found.append(kept.sum(dim=1) / count.clamp(min=1).unsqueeze(1).to(vectors.dtype).sqrt())
        return torch.cat(found, dim=1)
