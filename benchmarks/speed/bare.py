"""The modules that bare loops and skorch train; of PyTorch alone, as the peers' environment has nothing of ours."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from benchmarks.speed import sizes


class Classifier(nn.Module):
    """`nn.LSTM`, the mean of its states, `nn.Linear`."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(sizes.CHANNELS, sizes.HIDDEN, batch_first=True)
        self.head = nn.Linear(sizes.HIDDEN, sizes.CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Return scores (batch, class) of x (batch, time, channel)."""
        scores: Tensor = self.head(self.lstm(x)[0].mean(dim=1))
        return scores


class Teller(nn.Module):
    """Convolutions, then an LSTM that sees the picture as its first word: no attention."""

    def __init__(self) -> None:
        super().__init__()
        stages = [_convolution(3, sizes.FILTERS[0], 1)]
        for before, after in pairwise(sizes.FILTERS):
            stages += [_convolution(before, after, 2), _convolution(after, after, 1)]
        self.look = nn.Sequential(*stages)
        self.first = nn.Linear(sizes.FILTERS[-1], sizes.HIDDEN)
        self.words = nn.Embedding(sizes.WORDS, sizes.HIDDEN)
        self.lstm = nn.LSTM(sizes.HIDDEN, sizes.HIDDEN, batch_first=True)
        self.head = nn.Linear(sizes.HIDDEN, sizes.WORDS)

    def forward(self, x: Tensor, before: Tensor) -> Tensor:
        """Return scores (batch, word, number) for pictures x and the words `before` each."""
        seen = self.first(self.look(x).mean(dim=(2, 3))).unsqueeze(1)
        states = self.lstm(torch.cat([seen, self.words(before)], dim=1))[0]
        scores: Tensor = self.head(states[:, 1:])
        return scores


def _convolution(before: int, after: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )
