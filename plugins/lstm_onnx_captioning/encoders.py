"""From a square picture to a map of features: what a decoder looks at."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn


class CompactEncoder(nn.Module):
    """A small convolutional network, trained with the rest.

    Args:
        channels: filters of each stage; each but the first halves the picture.
    """

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        stages = [_convolution(3, channels[0], 1)]
        for before, after in pairwise(channels):
            stages += [_convolution(before, after, 2), _convolution(after, after, 1)]
        self.stages = nn.Sequential(*stages)
        self.shrinks, self.channels = 2 ** (len(channels) - 1), channels[-1]

    def side(self, size: int) -> int:
        """Return rows and columns of the map of a picture of this size."""
        return -(-size // self.shrinks)

    def forward(self, image: Tensor) -> Tensor:
        """Return (batch, channels, side, side) from (batch, 3, size, size), whose values are from 0 to 1."""
        found: Tensor = self.stages(2 * image - 1)
        return found


def _convolution(before: int, after: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )


def places(features: Tensor) -> Tensor:
    """Lay a map (batch, channels, rows, columns) out as (batch, places, channels), row by row."""
    return torch.flatten(features, 2).transpose(1, 2)
