"""Scores of classes from random convolutions, beside those of the LSTM: a linear layer on what is not learnt."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_onnx.nn.random_convolutions import RandomConvolutions

SEEDS = 2**31


class RandomScores(nn.Module):
    """Adds scores to those of the LSTM, each trained by a loss of its own.

    With one loss, whichever learns faster leaves the other nothing to learn from. So the linear layer is trained as if
    it were alone, and the LSTM to add what is missing.

    Args:
        columns: numbers of a step.
        count: of features.
        steps: of a usual sequence.
        classes: how many.
    """

    def __init__(self, columns: int, count: int, steps: int, classes: int) -> None:
        super().__init__()
        self.features = RandomConvolutions(columns, count, steps, seed=int(torch.randint(SEEDS, ())))
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
