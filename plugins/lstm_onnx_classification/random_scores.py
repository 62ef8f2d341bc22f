"""Scores of classes from random convolutions, beside those of the LSTM: a linear layer on what is not learnt."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lstm_onnx.data.room import DiskRoom
from lstm_onnx.nn.random_convolutions import RandomConvolutions
from lstm_onnx.plugin import Rows

SEEDS = 2**31
RIDGE = 1e-2
"""Added to the diagonal of the kernel matrix, in shares of its mean."""
INTERCEPT = 1.0
"""Added to the whole of it, likewise: the scores may be off by the same for all examples at little cost."""
MOST_LEFT_OUT = 2000
"""Examples of which it is told what would be answered without them: time grows with their number's third power."""


class RandomScores(nn.Module):
    """Adds scores to those of the LSTM, each trained by a loss of its own.

    With one loss, whichever learns faster leaves the other nothing to learn from. So the linear layer is trained as if
    it were alone, and the LSTM to add what is missing.

    Args:
        given: the sequences, whose columns and usual length are known.
        count: of features.
        classes: how many.
    """

    def __init__(self, given: Rows, count: int, classes: int) -> None:
        super().__init__()
        seed = int(torch.randint(SEEDS, ()))
        self.features = RandomConvolutions(given.size, count, given.usual or 1, seed, given.ways, DiskRoom())
        self.head = nn.Linear(self.features.size, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def prepared(self, x: Tensor, lengths: Tensor) -> Tensor:
        """Return the features of examples to learn from, (batch, feature), which the first of them fit."""
        if not self.features.is_fitted:
            self.features.fit(x, lengths)
        return self.features.kept(x, lengths)

    def forward(self, scores: Tensor, x: Tensor, lengths: Tensor, prepared: Tensor | None) -> Tensor:
        """Return scores of the classes, (batch, class); in training two, each of which has its loss: (2, batch, class).

        Args:
            scores: of the LSTM, (batch, class).
            x: (batch, time, column), zero in the padding.
            lengths: steps that count, (batch,).
            prepared: what `prepared` gave for them; computed without it.
        """
        own = self.head(self.features(x, lengths) if prepared is None else prepared)
        return torch.stack([own, own.detach() + scores]) if self.training else own + scores


def left_out(features: Tensor, right: Tensor, classes: int, smoothing: float) -> Tensor:
    """Return scores of examples as a linear layer gives them that learnt from all but the one it is asked of.

    With more features than examples the layer gives each example that it learns from the scores at which the loss with
    smoothed labels is least: that of its class is higher than the others by a number that the smoothing says. The least
    weights that do so are those of ridge regression, whose answers without an example have a closed form (Rasmussen and
    Williams 2006, equation 5.12): the matrix is inverted once.

    Args:
        features: standardised, (example, feature).
        right: number of the class of each, (example,).
        classes: how many.
        smoothing: share of each label that the loss spreads over all classes, more than 0.

    Returns:
        (example, class); zeros of an example that is the only one of its class, which tell nothing.
    """
    features, count = features.double(), len(features)
    apart = math.log((1 - smoothing + smoothing / classes) / (smoothing / classes))
    wanted = apart * (nn.functional.one_hot(right, classes).double() - 1 / classes)
    kernel = features - features.mean(dim=0)
    kernel = kernel @ kernel.T
    own = torch.eye(count, dtype=torch.double, device=kernel.device)
    kernel = kernel + kernel.diagonal().mean() * (RIDGE * own + INTERCEPT)
    inverse = torch.linalg.inv(kernel)
    scores: Tensor = wanted - (inverse @ wanted) / inverse.diagonal().unsqueeze(1)
    has_others = torch.bincount(right, minlength=classes)[right] > 1
    return (scores * has_others.unsqueeze(1)).float()
