"""Scores of classes from a linear model on TF-IDF of word n-grams: logistic regression, fitted before the LSTM learns.

It is convex, so it is solved, not trained by steps: L-BFGS (Liu and Nocedal 1989), a few seconds for thousands of
texts. Its strength, the inverse of the weight decay, is chosen by texts that it was not fitted on.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from lstm_onnx.features.words import UNKNOWN
from lstm_onnx_classification.ngram_codes import BUCKETS, NgramCodes
from lstm_onnx_classification.pooling import valid_steps
from lstm_onnx_classification.regression import Bags, chosen_strength, solve

LEAST = 1e-6
"""Norm of a text of which nothing is known."""
MOST = 12_000_000
"""n-grams that are fitted on, at most: about 30,000 texts of 200 words, 96 MB."""


class LinearScores(nn.Module):
    """Scores `sum(weight * idf) / sqrt(sum(idf**2)) + bias` of each class, summed over the n-grams of a text.

    Args:
        count: how many numbers of words there are.
        orders: lengths of n-grams, such as 1 and 2.
        classes: how many.
        buckets: places in the table of n-grams of each order above 1.
    """

    weights: Tensor
    squares: Tensor
    bias: Tensor

    def __init__(self, count: int, orders: tuple[int, ...], classes: int, buckets: int = BUCKETS) -> None:
        super().__init__()
        sizes = [count if order == 1 else buckets for order in orders]
        self.orders, self.starts = orders, [sum(sizes[:k]) for k in range(len(sizes))]
        self.codes = NgramCodes(count, orders, buckets)
        # buffers: no step of the training changes them. Apart, as int8 scales each row of a table by its largest number
        self.register_buffer("weights", torch.zeros(sum(sizes), classes))  # times idf
        self.register_buffer("squares", torch.zeros(sum(sizes), 1))  # of idf
        self.register_buffer("bias", torch.zeros(classes))

    def forward(self, tokens: Tensor, lengths: Tensor) -> Tensor:
        """Return scores (batch, class) from the numbers of words (batch, word)."""
        codes, valid = self._ngrams(tokens, lengths)
        seen = valid.unsqueeze(2).to(self.weights.dtype)
        total = (functional.embedding(codes, self.weights) * seen).sum(dim=1)  # (batch, class)
        norm = (functional.embedding(codes, self.squares) * seen).sum(dim=1).clamp(min=LEAST).sqrt()
        return total / norm + self.bias

    @torch.no_grad()
    def fit(self, batches: Iterable[tuple[Tensor, Tensor, Tensor]], weights: Tensor) -> None:
        """Solve for the weights.

        Args:
            batches: numbers of words (batch, word), how many count (batch,), and the class of each text (batch,).
            weights: of the texts of each class, (class,).
        """
        codes, counts, right = self._collected(batches)
        many = torch.bincount(codes, minlength=len(self.weights))
        seen = many.nonzero().squeeze(1)  # all others keep a weight of 0
        codes = (many > 0).cumsum(0, dtype=torch.int32).sub_(1)[codes]
        bags = Bags(codes, counts, len(seen))
        idf = torch.log((1 + len(counts)) / (1 + bags.documents)) + 1  # smoothed, as if one more text held everything
        if self.orders[0] == 1:
            idf[seen == UNKNOWN] = 0  # it says nothing of which word it was
        bags.weigh(idf)
        each = weights[right]
        strength = chosen_strength(bags, right, each, len(weights))
        found = solve(bags, right, each, len(weights), strength)
        self.weights.zero_()[seen] = (found.weights * idf.unsqueeze(1)).to(self.weights.device)
        self.squares.zero_()[seen] = idf.square().unsqueeze(1).to(self.squares.device)
        self.bias.copy_(found.bias)

    def _collected(self, batches: Iterable[tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the n-grams of all texts one behind the other, how many each has, and the class of each."""
        kept: list[tuple[Tensor, Tensor, Tensor]] = []
        every = 1
        for k, (tokens, lengths, right) in enumerate(batches):
            if k % every:
                continue
            kept.append((*self._numbers(tokens, lengths), right.cpu()))
            if sum(len(codes) for codes, *_ in kept) > MOST:  # a part of very many is enough, from all over them
                kept, every = kept[::2], 2 * every
        codes, counts, rights = zip(*kept, strict=True)
        return torch.cat(codes), torch.cat(counts), torch.cat(rights)

    def _numbers(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the n-grams of some texts one behind the other, and how many each has."""
        codes, valid = self._ngrams(tokens, lengths)
        return codes[valid].to("cpu", torch.int32), valid.sum(dim=1).cpu()

    def _ngrams(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the numbers of n-grams, and which of them are some, both (batch, n-gram)."""
        codes, valid = [], []
        for order, start in zip(self.orders, self.starts, strict=True):
            codes.append(self.codes(tokens, order) + start)
            valid.append(valid_steps(tokens, (lengths - (order - 1)).clamp(min=0)).squeeze(2))
        return torch.cat(codes, dim=1), torch.cat(valid, dim=1)
